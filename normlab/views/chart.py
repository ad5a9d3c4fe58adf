"""Charts in text: curves over epochs, steps or seconds, with axes."""

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from normlab.views.cells import ASCII, Canvas, Cell, encode
from normlab.views.thinning import Points, clip, decimate, thin
from normlab.views.ticks import is_one_value, log_ticks, value_ticks, whole_ticks

COLORS = ("12", "11", "10", "9", "13", "14", "15", "8")
"""Of the terminal's own, distinct in lightness too: for curves outside of a theme."""


@dataclass(frozen=True)
class Series:
    """One curve."""

    x: Sequence[float]
    y: Sequence[float]
    color: str
    """#rrggbb, or a number of the terminal's own 256."""
    marker: str | None = None
    """Draws it as separate marks instead of a line: the validation curve beside the training one."""
    upper: Sequence[float] | None = None
    """Fills the area from y up to these values instead of drawing a line; inf goes to the chart's edge."""
    faint: bool = False
    """Draws a line of few dots, to stand behind the others."""


@dataclass(frozen=True)
class Mark:
    """A single mark above all curves."""

    x: float
    y: float | None
    """None stands at the top edge: for what has no place on the axis."""
    color: str
    marker: str


@dataclass(frozen=True)
class Drawing:
    """A chart in text, and where its canvas lies in it."""

    lines: tuple[str, ...]
    """With ANSI colours, where they were wanted."""
    left: int = 0
    """Column of the canvas's first cell."""
    width: int = 0
    """Columns of the canvas; 0 where nothing can be pointed at."""
    low: float = 0.0
    """The x at the canvas's first column."""
    high: float = 1.0
    """The x at its last column."""
    num_points: int = 0
    """Of the curve with the most: for tests and the benchmark."""

    def column(self, x: float) -> int:
        """Tell the column of the text where an x is drawn, at the nearer edge where it is off the canvas."""
        cell = math.floor(_place(x, self.low, self.high, self.width))
        return self.left + min(max(cell, 0), self.width - 1)

    def x_at(self, column: int) -> float:
        """Tell the x at the middle of a column, at the nearer edge where it is off the canvas."""
        cell = min(max(column - self.left, 0), self.width - 1)
        return self.low + (self.high - self.low) * cell / max(self.width - 1, 1)


def draw(series: Sequence[Series], title: str, width: int, height: int, color: bool, log: bool) -> str:
    """Draw curves as text, `width` by `height` characters; empty where nothing can be drawn."""
    drawing = plot(series, width, height, title=title, color=color, log=log)
    return "\n".join(drawing.lines) + "\n" if drawing else ""


def plot(
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    marks: Sequence[Mark] = (),
    title: str | None = None,
    color: bool = True,
    log: bool = False,
    ascii: bool = False,
    whole: bool = True,
    window: tuple[float, float] | None = None,
) -> Drawing | None:
    """Draw curves `width` by `height` characters large; none where no value has a place.

    `log` scales the values by log10, `ascii` draws without braille and lines, `whole` labels only whole x,
    `window` is the stretch of x to draw. Values that are not finite (or not above 0, under log) leave a gap
    in a line. A curve is drawn from at most `2 * width` points. With `title` there are axes all around.
    """
    areas = [(curve, *_area(curve, width, log, window)) for curve in series if curve.upper is not None]
    curves = [(curve, *_points(curve, width, log, window)) for curve in series if curve.upper is None]
    points = [point for _, xs, ys in curves for point in zip(xs, ys, strict=True)]
    points += [(x, y) for _, xs, *ends in areas for ys in ends for x, y in zip(xs, ys, strict=True)]
    seen_y = [y for _, y in points if math.isfinite(y)]
    if not seen_y:
        return None
    seen_x = [x for x, y in points if math.isfinite(y)]
    seen_x += [mark.x for mark in marks if not window or window[0] <= mark.x <= window[1]]
    low, high = window or _limits(seen_x)
    bottom, top = _limits(seen_y)
    if log:
        powers = log_ticks(min(seen_y), max(seen_y))
        y_ticks, y_labels = [math.log10(tick) for tick in powers], [f"{tick:.3g}" for tick in powers]
    else:
        y_ticks, y_labels = value_ticks(min(seen_y), max(seen_y))
    box = bool(title)
    left = max(map(len, y_labels)) + 1  # labels, and the axis
    num_columns, num_rows = width - left - box, height - 2 - 2 * box
    if num_columns < 2 or num_rows < 2:
        return None
    canvas = Canvas(num_columns, num_rows)

    def across(x: float) -> float:
        return _place(x, low, high, num_columns)

    def down(y: float) -> float:
        return num_rows - _place(y, bottom, top, num_rows) if math.isfinite(y) else math.nan

    def edge(y: float) -> float:
        return down(y) if not math.isinf(y) else 0.0 if y > 0 else num_rows

    for curve, xs, lows, highs in areas:
        places = zip(map(across, xs), map(edge, highs), map(edge, lows), strict=True)
        canvas.fill(places, curve.color, ":" if ascii else None)
    for curve, xs, ys in curves:
        places = zip(map(across, xs), map(down, ys), strict=True)
        if curve.marker is None:
            canvas.draw(places, curve.color, "." if ascii else None, curve.faint)
        else:
            for column, row in places:
                canvas.put(column, row, (_plain(curve.marker, ascii), curve.color))
    for mark in marks:
        row = 0.0 if mark.y is None else down(_scaled(mark.y, log))
        if low <= mark.x <= high:
            canvas.put(across(mark.x), row, (_plain(mark.marker, ascii), mark.color))
    if whole:
        x_ticks = whole_ticks(math.ceil(min(seen_x)), max(seen_x))
        x_labels = [f"{tick:,}" for tick in x_ticks]
    else:
        x_ticks, x_labels = value_ticks(min(seen_x), max(seen_x))
    lines = canvas.framed(
        {math.floor(down(tick)): label for tick, label in zip(y_ticks, y_labels, strict=True)},
        [(math.floor(across(tick)), label) for tick, label in zip(x_ticks, x_labels, strict=True)],
        ascii,
        box,
    )
    heading: list[list[Cell]] = [[(title.center(width), None)]] if title else []
    text = tuple(encode(line, color) for line in [*heading, *lines])
    num_points = max(len(xs) for _, xs, *_ in [*areas, *curves])
    return Drawing(text, left, num_columns, low, high, num_points)


def _points(curve: Series, width: int, log: bool, window: tuple[float, float] | None) -> Points:
    """Choose the points of a curve that are drawn, in the chart's own scale."""
    floor = 0.0 if log else -math.inf
    x, y = curve.x, curve.y
    first, last = (bisect_left(x, window[0]), bisect_right(x, window[1])) if window else (0, len(x))
    if curve.marker is not None:
        x, y = x[first:last], y[first:last]
        if not x:
            return [], []
        if min(y) <= floor or not math.isfinite(sum(y)):
            rows = [row for row, value in enumerate(y) if floor < value < math.inf]
            x, y = [x[row] for row in rows], [y[row] for row in rows]
        xs, ys = thin(x, y, max(width // 4, 1)) if x else ([], [])
        return xs, [_scaled(value, log) for value in ys]
    # Half the columns look calmer.
    xs, ys = decimate(x[first:last], y[first:last], max(width // 2, 1), floor)
    before, after = range(max(first - 1, 0), first), range(last, min(last + 1, len(x)))
    xs = [*(x[row] for row in before), *xs, *(x[row] for row in after)]
    ys = [_scaled(value, log) for value in (*(y[row] for row in before), *ys, *(y[row] for row in after))]
    return clip(xs, ys, *window) if window else (xs, ys)


def _area(
    curve: Series, width: int, log: bool, window: tuple[float, float] | None
) -> tuple[list[float], list[float], list[float]]:
    """Choose the points of an area that are drawn, in the chart's own scale: a column's widest stretch."""
    x, upper = curve.x, curve.upper or ()
    first, last = (bisect_left(x, window[0]), bisect_right(x, window[1])) if window else (0, len(x))
    stride = max(-(-(last - first) // max(width, 1)), 1)
    starts = range(first, last, stride)
    # Where a stretch has an end that isn't known, it is as wide as the rest of it.
    known = [
        [row for row in range(start, min(start + stride, last)) if curve.y[row] == curve.y[row]]
        for start in starts
    ]
    xs = [x[start] for start in starts]
    lows = [min((curve.y[row] for row in rows), default=math.nan) for rows in known]
    highs = [max((upper[row] for row in rows), default=math.nan) for rows in known]
    if log:
        lows = [math.log10(low) if low > 0 else low if low != low else -math.inf for low in lows]
        highs = [math.log10(high) if high > 0 else math.nan for high in highs]
    return xs, lows, highs


def _scaled(value: float, log: bool) -> float:
    """Give a value as it is on the axis; nan where it has no place there."""
    if not math.isfinite(value) or (log and value <= 0):
        return math.nan
    return math.log10(value) if log else value


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (max(abs(low), abs(high)) / 2 or 1.0) if is_one_value(low, high) else 0.0
    largest = sys.float_info.max
    return max(low - room, -largest), min(high + room, largest)


def _place(value: float, low: float, high: float, count: int) -> float:
    """Tell where a value is on `count` cells; the range's ends are in the middle of the outer ones."""
    share = (value / 2 - low / 2) / (high / 2 - low / 2)  # halves: the largest range of all is no float
    return 0.5 + round((count - 1) * share, 8)


def _plain(marker: str, ascii: bool) -> str:
    return marker.translate(ASCII) if ascii else marker
