"""The lines under a chart: whose curves these are, how they stand, and what the cursor reads."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

from normlab.views.chart import ASCII
from normlab.views.curves import BEST, DIVERGED, ChartChoices, RunCurves, Tab
from normlab.views.history import Axis
from normlab.views.viewport import Viewport

UNITS: dict[Axis, str] = {"epoch": "epochs", "step": "steps", "seconds": "seconds"}


@dataclass(frozen=True)
class LegendLine:
    """A run, as the legend tells of it."""

    label: str
    curves: RunCurves
    state: str


def number(value: float | None, digits: int) -> str:
    """Write a value with so many digits that count.

    >>> number(0.5, 3), number(12345.6, 3), number(1e-5, 3), number(None, 3)
    ('0.500', '12,346', '1.0e-05', '–')
    """
    if value is None:
        return "–"
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    size = abs(value)
    if size < 1e-3 or size >= 1e6:
        return f"{value:.1e}"
    return f"{value:,.0f}" if size >= 10 ** (digits - 1) else f"{value:#.{digits}g}"


def place(x: float) -> str:
    """Write a place on the x axis: epochs and steps are whole.

    >>> place(1200), place(0.25)
    ('1,200', '0.25')
    """
    return f"{x:,.0f}" if float(x).is_integer() else f"{x:,.2f}"


def legend(lines: Sequence[LegendLine], width: int, height: int, ascii: bool) -> Content:
    """Write one aligned line a run: mark, label, latest values, the best one and where, state.

    The rest of the runs is counted where they are more than `height`.
    """
    shown = lines[:height]
    latest = _aligned(
        [number(curve.y[-1] if curve.y else None, 3) for curve in line.curves.curves] for line in shown
    )
    best = [_best(line.curves) for line in shown]
    states = [line.state + (f" {DIVERGED}" if line.curves.diverged is not None else "") for line in shown]
    rest = [latest, best, states]
    widths = [max(map(len, column), default=0) for column in rest]
    room = width - 2 - sum(part + 2 for part in widths if part)
    if room < 12:  # a narrow pane: the best is seen on the chart
        widths[1], room = 0, room + widths[1] + 2
    name = max(8, min(room, max((len(line.label) for line in shown), default=0)))
    rows: list[Content] = []
    for row, line in enumerate(shown):
        columns = (column[row].ljust(part) for column, part in zip(rest, widths, strict=True) if part)
        values = "".join("  " + column for column in columns)
        rows.append(
            Content.assemble(
                (line.curves.mark, line.curves.color),
                " ",
                Content(line.label).truncate(name, ellipsis=True, pad=True),
                values.translate(ASCII) if ascii else values,
            ).truncate(width)
        )
    if len(lines) > len(shown):
        rows.append(Content(f"+{len(lines) - len(shown)} more"))
    return Content("\n").join(rows)


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Join the training and the validation value of each row, one slash below another."""
    columns = [[cell.rjust(max(map(len, column))) for cell in column] for column in zip(*rows, strict=True)]
    return [" / ".join(row) for row in zip(*columns, strict=True)]


def _best(run: RunCurves) -> str:
    if run.best is None or len(run.curves) < 2:
        return ""
    judged = [value for value in run.read(run.best) if value is not None]
    return f"{BEST} {number(judged[-1], 3)} at {place(run.best)}" if judged else ""


def reading(lines: Sequence[LegendLine], axis: Axis, x: float) -> Content:
    """Write what every curve says at a place."""
    where = f"{place(x)} s" if axis == "seconds" else f"{axis} {place(x)}"
    parts: list[tuple[str, str] | str] = [(where, "bold $foreground")]
    for line in lines:
        values = " / ".join(number(value, 4) for value in line.curves.read(x))
        parts += ["   ", (line.curves.mark, line.curves.color), " " + values]
    return Content.assemble(*parts)


def manner(
    lines: Sequence[LegendLine], tab: Tab, choices: ChartChoices, axis: Axis, viewport: Viewport
) -> str:
    """Tell how the curves are drawn, for while the cursor reads none of them."""
    words = [UNITS[axis], "log" if choices.log and tab.scaled else "linear"]
    if choices.smoothing:
        words.append(f"smoothed {choices.smoothing:g}")
    if viewport.window and (seen := viewport.seen):
        words.append(f"{place(seen[0])} to {place(seen[-1])}")
    if len(tab.metrics) > 1:
        words.append(f"line train, marks val, {BEST} best")
    if any(line.curves.diverged is not None for line in lines):
        words.append(f"{DIVERGED} diverged")
    return ", ".join(words).translate(ASCII) if choices.ascii else " · ".join(words)
