"""Runs as one page of HTML: curves, what differs, what came of it, and where; it opens without a network."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from normlab import __version__
from normlab.core.text import visible
from normlab.exports.exhibit import Arm, Exhibit, by_arm, prose, side_by_side
from normlab.exports.figures import HUES, HUES_ON_DARK, MARKERS, inline_svg, marker_of, measured_tabs
from normlab.views.comparison import Comparison
from normlab.views.comparison_cells import ABSENT, Cell, Row
from normlab.views.durations import clock

# Nothing is loaded and nothing runs, whatever might slip through in a name.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · normlab</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{facts}</p>
</header>
<main>
{sections}
</main>
<footer>Written by normlab {version}.</footer>
</body>
</html>
"""


def write_html(exhibits: Sequence[Exhibit]) -> bytes:
    """Write the page: light or dark as its reader likes, fit to print; all text in it is escaped."""
    arms = by_arm(exhibits)
    comparison = side_by_side(exhibits, all_settings=True)
    sections = (
        _curves(exhibits, arms),
        _results(comparison),
        _runs(exhibits),
        _notes(exhibits),
        _environment(exhibits),
        _other_settings(comparison),
    )
    page = _PAGE.format(
        policy=_POLICY,
        title=escape(_title(arms)),
        facts=escape(_facts(exhibits)),
        style=_style(),
        sections="\n".join(filter(None, sections)),
        version=__version__,
    )
    return page.encode()


def _title(arms: Sequence[Arm]) -> str:
    named = [arm.runs[0].label for arm in arms]
    return " · ".join(named) if len(arms) <= 3 else f"{named[0]} and {len(arms) - 1} others"


def _facts(exhibits: Sequence[Exhibit]) -> str:
    experiments = [exhibit.history.experiment for exhibit in exhibits]
    count = "one run" if len(exhibits) == 1 else f"{len(exhibits)} runs"
    data = sorted({experiment.dataset.kind for experiment in experiments})
    models = sorted({experiment.model.kind for experiment in experiments})
    days = sorted({_moment(exhibit.run.created)[:10] for exhibit in exhibits})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return ", ".join((count, *data, *models, when))


def _style() -> str:
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    for name, hues in (("HUES_ON_DARK", HUES_ON_DARK), ("HUES", HUES)):
        style = style.replace(name, " ".join(f"--hue-{i}: {hue};" for i, hue in enumerate(hues)))
    return style


# Sections.


def _curves(exhibits: Sequence[Exhibit], arms: Sequence[Arm]) -> str:
    tabs = measured_tabs(exhibits)
    if not tabs:
        return ""
    named = "".join(f"<li>{_mark(index)}{escape(arm.label)}</li>" for index, arm in enumerate(arms))
    signs = '<li class="quiet">solid: validation, dashed: training, ★ best, ▲ diverged</li>'
    figures = "".join(
        f'<figure role="img" aria-label="{escape(tab.title)}">{inline_svg(exhibits, tab)}</figure>\n'
        for tab in tabs
    )
    return _section(
        "Curves", f'<ul class="legend">{named}{signs}</ul>\n<div class="curves">\n{figures}</div>'
    )


def _runs(exhibits: Sequence[Exhibit]) -> str:
    heads = ("run", "name", "seed", "outcome", "device", "began (UTC)", "took", "tags")
    head = "".join(f"<th>{head}</th>" for head in heads)
    rows = "".join(f"<tr>{''.join(_run_cells(exhibit))}</tr>\n" for exhibit in exhibits)
    return _section("Runs", _framed(f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>", "plain"))


def _run_cells(exhibit: Exhibit) -> Iterable[str]:
    run = exhibit.run
    reason = f'<br><span class="quiet">{escape(visible(run.reason, 400))}</span>' if run.reason else ""
    yield f"<td><code>{escape(run.id)}</code></td>"
    yield f"<td>{escape(exhibit.label)}</td>"
    yield f"<td>{exhibit.history.experiment.seed}</td>"
    yield f"<td>{(run.outcome or 'under way').replace('_', ' ')}{reason}</td>"
    yield f"<td>{escape(visible(run.device or ABSENT))}</td>"
    yield f'<td class="whole">{_moment(run.created)}</td>'
    yield f"<td>{clock(run.seconds)}</td>"
    tags = "".join(f'<span class="tag">{escape(visible(tag))}</span>' for tag in run.tags)
    yield f"<td>{tags}</td>"


def _notes(exhibits: Sequence[Exhibit]) -> str:
    notes = [
        f"<p><code>{escape(each.run.id)}</code> {escape(each.label)}</p>\n"
        f"<blockquote>{escape(prose(text))}</blockquote>"
        for each in exhibits
        if (text := "\n".join(filter(None, (each.run.note, *each.history.warnings))))
    ]
    return _section("Notes and warnings", "\n".join(notes)) if notes else ""


def _results(comparison: Comparison) -> str:
    *settings, results = comparison.sections
    changed = settings[:1] if comparison.settings or any(comparison.not_compared) else []
    title = "What differs, and what came of it" if len(comparison.arms) > 1 else "Results"
    return _section(title, _comparison(comparison.arms, [*changed, results]))


def _other_settings(comparison: Comparison) -> str:
    title = "All other settings" if comparison.settings else "All settings"
    table = _comparison(comparison.arms, [comparison.other_settings])
    return f"<details>\n<summary>{title}</summary>\n{table}\n</details>"


def _environment(exhibits: Sequence[Exhibit]) -> str:
    """List versions and machines: a column for each that differs, named by its runs."""
    found: list[tuple[dict[str, str], list[str]]] = []
    for exhibit in exhibits:
        run = exhibit.run
        runs = next((runs for environment, runs in found if environment == run.environment), None)
        if runs is None:
            found.append((run.environment, [run.id]))
        else:
            runs.append(run.id)
    names = dict.fromkeys(name for environment, _ in found for name in environment)
    if not names:
        return ""
    heads = [visible(", ".join(runs)) for _, runs in found]
    rows = [
        Row(visible(name), [Cell(visible(environment.get(name, ABSENT), 400)) for environment, _ in found])
        for name in names
    ]
    return _section("Environment", _table(map(escape, heads) if len(heads) > 1 else (), [rows], "plain"))


# Pieces.


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>"


def _comparison(arms: Sequence[str], sections: Iterable[Iterable[Row]]) -> str:
    return _table((_mark(index) + escape(arm) for index, arm in enumerate(arms)), sections)


def _table(heads: Iterable[str], sections: Iterable[Iterable[Row]], kind: str = "numbers") -> str:
    head = "".join(f"<th>{head}</th>" for head in heads)
    bodies = "\n".join(f"<tbody>\n{''.join(map(_row, rows))}</tbody>" for rows in sections)
    return _framed((f"<thead><tr><th></th>{head}</tr></thead>\n" if head else "") + bodies, kind)


def _framed(rows: str, kind: str) -> str:
    return f'<div class="table"><table class="{kind}">\n{rows}\n</table></div>'


def _row(row: Row) -> str:
    first, *others = row.cells
    spare = any(cell.difference is not None for cell in others)
    cells = _cell(first) + "".join(_cell(cell, spare) for cell in others)
    return f"<tr><th>{escape(row.name)}</th>{cells}</tr>\n"


def _cell(cell: Cell, spare: bool = False) -> str:
    """Write a value; `spare` leaves room for a difference, so that the row's values stand in line."""
    kinds = " ".join(["whole"] * spare + ["best"] * cell.is_best)
    difference = str(cell)[len(cell.text) :][2:-1]  # without the space and the brackets
    room = f'<span class="difference">{escape(difference)}</span>' if spare else ""
    return f'<td class="{kinds}">{escape(cell.text)}{room}</td>'


def _mark(arm: int) -> str:
    sign = MARKERS[marker_of(arm)]
    return f'<span class="mark" style="color: var(--hue-{arm % len(HUES)})">{sign}</span>'


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
