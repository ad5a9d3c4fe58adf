"""Runs as one page of HTML: curves, what differs, what came of it, and where; it opens without a network."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from normlab import __version__
from normlab.core.text import visible
from normlab.exports.exhibit import Arm, Exhibit, by_arm, prose, side_by_side
from normlab.exports.figures import inline_svg, measured_tabs
from normlab.exports.panel import HUES, HUES_ON_DARK, MARKERS, SIGNS, marker_of
from normlab.views.comparison import Comparison
from normlab.views.comparison_cells import ABSENT, Cell, Row
from normlab.views.durations import spent

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
    comparison = side_by_side(arms, all_settings=True)
    sections = (
        _curves(exhibits, arms, comparison.not_compared),
        _results(comparison),
        _runs(exhibits),
        _notes(exhibits),
        _environment(exhibits),
        _other_settings(comparison),
    )
    return whole_page(_title(arms), _facts(exhibits), filter(None, sections))


def whole_page(title: str, facts: str, sections: Iterable[str]) -> bytes:
    """Write a page with that title, a line of facts, and sections that are HTML already."""
    page = _PAGE.format(
        policy=_POLICY,
        title=escape(title),
        facts=escape(facts),
        style=_style(),
        sections="\n".join(sections),
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


def _curves(exhibits: Sequence[Exhibit], arms: Sequence[Arm], not_compared: Sequence[str]) -> str:
    measured = measured_tabs([exhibit.history for exhibit in exhibits])
    drawn = [(tab.title, *inline_svg(arms, tab)) for tab in measured]
    if not drawn:
        return ""
    named = "".join(
        f"<li>{mark(index)}{escape(arm.label)}{_quiet(f' not compared: {why}' if why else '')}</li>"
        for index, (arm, why) in enumerate(zip(arms, not_compared, strict=True))
    )
    found = set[str]().union(*(shown for *_, shown in drawn))
    signs = "".join(
        f"<li>{_quiet(f'{sign} {name}')}</li>" for name, (sign, _) in SIGNS.items() if name in found
    )
    figures = "".join(
        f"<figure><figcaption>{escape(title)}</figcaption>{svg}</figure>\n" for title, svg, _ in drawn
    )
    return section("Curves", f'<ul class="legend">{named}{signs}</ul>\n<div class="curves">\n{figures}</div>')


def _runs(exhibits: Sequence[Exhibit]) -> str:
    heads = ["run", "name", "seed", "outcome", "device", "began (UTC)", "took", "origin", "tags"]
    cells = [_run_cells(exhibit) for exhibit in exhibits]
    kept = [place for place, _ in enumerate(heads) if place < 7 or any(row[place] for row in cells)]
    head = "".join(f"<th>{heads[place]}</th>" for place in kept)
    rows = "".join(f"<tr>{''.join(f'<td>{row[place]}</td>' for place in kept)}</tr>\n" for row in cells)
    return section("Runs", framed(f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>", "plain"))


def _run_cells(exhibit: Exhibit) -> list[str]:
    run = exhibit.run
    reason = f"<br>{_quiet(visible(run.reason, 400))}" if run.reason else ""
    return [
        f"<code>{escape(run.id)}</code>",
        escape(exhibit.label),
        str(exhibit.history.experiment.seed),
        (run.outcome or "under way").replace("_", " ") + reason,
        escape(visible(run.device or ABSENT)),
        f'<span class="whole">{_moment(run.created)}</span>',
        spent(run.seconds),
        escape(exhibit.origin),
        "".join(f'<span class="tag">{escape(visible(tag))}</span>' for tag in run.tags),
    ]


def _notes(exhibits: Sequence[Exhibit]) -> str:
    """Write each run's note, and each warning once, with the runs that it was given to."""
    warned: dict[str, list[Exhibit]] = {}
    for each in exhibits:
        for warning in each.history.warnings:
            warned.setdefault(warning, []).append(each)
    texts = [(each.run.note, [each]) for each in exhibits if each.run.note]
    texts += warned.items()
    notes = [
        f"<p>{', '.join(f'<code>{escape(each.run.id)}</code> {escape(each.label)}' for each in runs)}</p>\n"
        f"<blockquote>{escape(prose(text))}</blockquote>"
        for text, runs in texts
    ]
    return section("Notes and warnings", "\n".join(notes)) if notes else ""


def _results(comparison: Comparison) -> str:
    *settings, results = comparison.sections
    changed = settings[:1] if comparison.settings or any(comparison.not_compared) else []
    title = "What differs, and what came of it" if len(comparison.arms) > 1 else "Results"
    return section(title, _comparison(comparison.arms, [*changed, results]))


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
    return section("Environment", _table(list(map(escape, heads)) if len(heads) > 1 else [], [rows], "plain"))


# Pieces.


def section(title: str, content: str) -> str:
    """Write HTML under a heading."""
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>"


def _comparison(arms: Sequence[str], sections: Iterable[Iterable[Row]]) -> str:
    return _table([mark(index) + escape(arm) for index, arm in enumerate(arms)], sections)


def _table(heads: Sequence[str], sections: Iterable[Iterable[Row]], kind: str = "numbers") -> str:
    """Write rows; a column with differences gives them one of their own, so that values stand in line."""
    bodies = [list(rows) for rows in sections]
    cells = [row.cells for rows in bodies for row in rows]
    spare = [any(cell.difference is not None for cell in column) for column in zip(*cells, strict=True)]
    head = "".join(f"<th>{head}</th>{'<td></td>' * room}" for head, room in zip(heads, spare, strict=False))
    body = "\n".join(f"<tbody>\n{''.join(_row(row, spare) for row in rows)}</tbody>" for rows in bodies)
    return framed((f"<thead><tr><td></td>{head}</tr></thead>\n" if head else "") + body, kind)


def framed(rows: str, kind: str) -> str:
    """Write a table of rows, which are HTML: "numbers" stand at the right, "plain" cells at the left."""
    return f'<div class="table"><table class="{kind}">\n{rows}\n</table></div>'


def _row(row: Row, spare: Sequence[bool]) -> str:
    cells = "".join(_cell(cell, room) for cell, room in zip(row.cells, spare, strict=True))
    return f"<tr><th>{escape(row.name)}</th>{cells}</tr>\n"


def _cell(cell: Cell, room: bool) -> str:
    kinds = " ".join(["whole"] * (cell.value is not None) + ["best"] * cell.is_best)
    text = cell.text if cell.value is None else minus(cell.text)
    difference = f'<td class="difference">{escape(minus(cell.difference_text))}</td>' if room else ""
    return f'<td class="{kinds}">{escape(text)}</td>{difference}'


def minus(number: str) -> str:
    """Write a number with a minus sign in place of the hyphen."""
    return number.replace("-", "\N{MINUS SIGN}")


def _quiet(text: str) -> str:
    return f'<span class="quiet">{escape(text)}</span>' if text else ""


def mark(arm: int) -> str:
    """Write the sign that an arm has in the curves, in its colour."""
    sign = MARKERS[marker_of(arm)]
    return f'<span class="mark" style="color: var(--hue-{arm % len(HUES)})">{sign}</span>'


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
