"""The lines under a chart: whose curves these are, how they stand, and what the cursor reads."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static

from normlab.views.cells import ASCII
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


class Lines(Static):
    """Lines of text, painted anew where they are other ones."""

    def show(self, text: Content) -> None:
        """Show a text; the layout follows where its height has changed."""
        before = self.visual
        if isinstance(before, Content) and before.is_same(text):
            return
        height = before.plain.count("\n") if isinstance(before, Content) else -1
        self.update(text, layout=height != text.plain.count("\n") or not text.plain)


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
    if run.best is None or run.judged is None or len(run.curves) < 2:
        return ""
    return f"{BEST} {number(run.judged, 3)} at {place(run.best)}"


def reading(lines: Sequence[LegendLine], axis: Axis, x: float, width: int, height: int) -> Content:
    """Write what every curve says at a place, on at most `height` lines; what has no room is counted."""
    where = f"{place(x)} s" if axis == "seconds" else f"{axis} {place(x)}"
    rows = [Content.styled(where, "bold $foreground")]
    for index, line in enumerate(lines):
        values = " / ".join(number(value, 4) for value in line.curves.read(x))
        part = Content.assemble("   ", (line.curves.mark, line.curves.color), " " + values)
        rest = len(lines) - index
        more = f"   +{rest} more" if len(rows) == height and rest > 1 else ""
        if rows[-1].cell_length + part.cell_length + len(more) <= width:
            rows[-1] += part
        elif len(rows) < height:
            rows.append(part)
        else:
            rows[-1] += f"   +{rest} more"
            break
    return Content("\n").join(row.truncate(width, ellipsis=True) for row in rows)


def manner(
    lines: Sequence[LegendLine], tab: Tab, choices: ChartChoices, axis: Axis, viewport: Viewport
) -> str:
    """Tell how the curves are drawn, for while the cursor reads none of them."""
    words = [UNITS[axis], "log" if choices.log and tab.scaled else "linear"]
    if choices.smoothing and tab.smoothed:
        words.append(f"smoothed {choices.smoothing:g}")
    if viewport.window and (seen := viewport.seen):
        words.append(f"{place(seen[0])} to {place(seen[-1])}")
    if len(tab.metrics) > 1:
        words.append(f"line train, marks val, {BEST} best")
    if any(line.curves.diverged is not None for line in lines):
        words.append(f"{DIVERGED} diverged")
    return ", ".join(words).translate(ASCII) if choices.ascii else " · ".join(words)
