"""Charts in text, drawn by plotext."""

import math
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# plotext's names and rich's for the same hues, distinct in lightness too, and a mark for who sees no colour.
STYLES = (
    ("blue+", "bright_blue", "•"),
    ("orange+", "yellow", "x"),
    ("green+", "bright_green", "+"),
    ("red+", "bright_red", "o"),
    ("magenta+", "bright_magenta", "*"),
    ("cyan+", "bright_cyan", "#"),
    ("white", "white", "%"),
    ("gray+", "bright_black", "@"),
)

# plotext draws on one figure of its own module.
_figure = threading.Lock()

Color = str | tuple[int, int, int]
"""A colour's name in plotext, "#rrggbb", or red, green and blue."""

# What a poor font lacks, and what stands for it.
ASCII = str.maketrans("─│┌┐└┘┤├┬┴┼•★▲", "-|+++++++++&$^")


@dataclass(frozen=True)
class Series:
    """One curve."""

    x: Sequence[float]
    y: Sequence[float]
    color: Color
    marker: str = "braille"
    sparse: bool = False
    """Drawn as separate marks instead of a line: the validation curve beside the training one."""


@dataclass(frozen=True)
class Mark:
    """A single mark above all curves."""

    x: float
    y: float | None
    """None stands at the top edge: for what has no place on the axis."""
    color: Color
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
    """Of the curve with the most."""

    def column(self, x: float) -> int:
        """Tell the column of the text where an x is drawn, at the nearer edge where it is off the canvas."""
        cell = math.floor(0.5 + round((self.width - 1) * (x - self.low) / (self.high - self.low), 8))
        return self.left + min(max(cell, 0), self.width - 1)

    def x_at(self, column: int) -> float:
        """Tell the x at the middle of a column, at the nearer edge where it is off the canvas."""
        cell = min(max(column - self.left, 0), self.width - 1)
        return self.low + (self.high - self.low) * cell / max(self.width - 1, 1)


def decimate(x: Sequence[float], y: Sequence[float], width: int) -> tuple[list[float], list[float]]:
    """Thin a curve to about two points a column, its lowest and its highest value kept in each.

    Drawing cost grows with the points; statistics are never taken from this.

    >>> decimate(range(6), [0, 5, 1, 1, -3, 2], 2)
    ([0, 1, 4, 5], [0, 5, -3, 2])
    """
    if len(x) <= 2 * width:
        return list(x), list(y)
    kept: list[int] = []
    for column in range(width):
        rows = range(column * len(x) // width, (column + 1) * len(x) // width)
        low, high = min(rows, key=lambda i: y[i]), max(rows, key=lambda i: y[i])
        kept += sorted({low, high})
    return [x[i] for i in kept], [y[i] for i in kept]


def thin(x: Sequence[float], y: Sequence[float], count: int) -> tuple[list[float], list[float]]:
    """Keep at most `count` points, the last one always: separate marks on a chart.

    All but the last stay in place while a curve grows, until every other one goes.

    >>> thin(range(6), range(6), 5)[0], thin(range(7), range(7), 5)[0]
    ([0, 2, 4, 5], [0, 2, 4, 6])
    """
    stride = 1
    while -(-len(x) // stride) > max(count - 1, 1):
        stride *= 2
    rows = sorted({*range(0, len(x), stride), len(x) - 1} if count > 1 else {len(x) - 1})
    return [x[i] for i in rows], [y[i] for i in rows]


def clip(x: Sequence[float], y: Sequence[float], low: float, high: float) -> tuple[list[float], list[float]]:
    """Cut a line to a stretch of x, with a point where it crosses either end.

    >>> clip([0, 2, 4], [0.0, 2.0, 0.0], 1, 3)
    ([1, 2, 3], [1.0, 2.0, 1.0])
    """
    first, last = bisect_left(x, low), bisect_right(x, high)
    xs, ys = list(x[first:last]), list(y[first:last])

    def crossing(row: int, at: float) -> float:
        share = (at - x[row - 1]) / (x[row] - x[row - 1])
        return y[row - 1] * (1 - share) + y[row] * share

    if 0 < first < len(x) and x[first] > low:
        xs, ys = [low, *xs], [crossing(first, low), *ys]
    if 0 < last < len(x) and x[last - 1] < high:
        xs, ys = [*xs, high], [*ys, crossing(last, high)]
    return xs, ys


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
    `window` is the stretch of x to draw. Values that are not finite (or not above 0, under log) are left
    out. A curve is drawn from at most `2 * width` points.
    """
    import plotext

    curves = [(curve, *_points(curve, width, log, window)) for curve in series]
    seen_x = [x for _, xs, _ in curves for x in xs]
    seen_y = [y for _, _, ys in curves for y in ys]
    if not seen_x:
        return None
    low, high = window or _limits(seen_x)
    bottom, top = _limits(seen_y)
    if log:
        powers = log_ticks(min(seen_y), max(seen_y))
        y_ticks, y_labels = [math.log10(tick) for tick in powers], [f"{tick:.3g}" for tick in powers]
    else:
        y_ticks, y_labels = value_ticks(min(seen_y), max(seen_y))
    left = max(map(len, y_labels)) + 1  # labels, and the axis
    framed = bool(title)  # else axes alone; plotext draws the upper one where a title is, asked or not
    canvas = width - left - framed
    if canvas < 2 or height < 4:
        return None
    plt: Any = plotext
    with _figure:
        plt.clear_figure()
        plt.limit_size(False, False)  # else it cuts to the terminal that it finds
        plt.plot_size(width, height)
        plt.theme("clear")
        plt.title(title)
        plt.xaxes(True, framed)
        plt.yaxes(True, framed)
        for curve, xs, ys in curves:
            marker = "." if ascii and curve.marker == "braille" else curve.marker
            (plt.scatter if curve.sparse else plt.plot)(xs, ys, color=_rgb(curve.color), marker=marker)
        for mark in marks:
            if mark.y is None:
                y = top
            elif math.isfinite(mark.y) and (mark.y > 0 or not log):
                y = math.log10(mark.y) if log else mark.y
            else:
                continue
            plt.scatter([mark.x], [y], color=_rgb(mark.color), marker=mark.marker)
        plt.xlim(low, high)
        plt.ylim(bottom, top)
        if whole:
            x_ticks = whole_ticks(math.ceil(min(seen_x)), max(seen_x))
            plt.xticks(x_ticks, [f"{tick:,}" for tick in x_ticks])
        else:
            plt.xticks(*value_ticks(min(seen_x), max(seen_x)))
        plt.yticks(y_ticks, y_labels)
        text: str = plt.build()
        text = text if color else plt.uncolorize(text)
    lines = (text.translate(ASCII) if ascii else text).rstrip("\n").split("\n")
    return Drawing(tuple(lines), left, canvas, low, high, max(len(xs) for _, xs, _ in curves))


def _points(
    curve: Series, width: int, log: bool, window: tuple[float, float] | None
) -> tuple[list[float], list[float]]:
    """Choose the points of a curve that are drawn, in the chart's own scale."""
    floor = 0.0 if log else -math.inf  # what is not a number is above nothing
    good = [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if floor < y < math.inf]
    if window and curve.sparse:
        good = [point for point in good if window[0] <= point[0] <= window[1]]
    xs, ys = [x for x, _ in good], [math.log10(y) if log else y for _, y in good]
    if curve.sparse:
        return thin(xs, ys, max(width // 4, 1)) if xs else (xs, ys)
    # Half the columns: four noisy curves on 120 columns take 31 ms instead of 47, and look calmer.
    return decimate(*(clip(xs, ys, *window) if window else (xs, ys)), max(width // 2, 1))


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (abs(low) / 2 or 1.0) if low == high else 0.0
    return low - room, high + room


def _rgb(color: Color) -> Color:
    if isinstance(color, str) and color.startswith("#"):
        return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
    return color


def whole_ticks(low: float, high: float) -> list[int]:
    """Choose up to about eight whole, round numbers between two values.

    >>> whole_ticks(1, 500)
    [100, 200, 300, 400, 500]
    """
    step = next(s for e in range(12) for s in (10**e, 2 * 10**e, 5 * 10**e) if (high - low) / s <= 8)
    return list(range(math.ceil(low / step) * step, math.floor(high) + 1, step)) or [round(low)]


def value_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Choose up to about six round values in a range, with labels as short as tells them apart.

    >>> value_ticks(0.0, 2e20)[1], value_ticks(0.13, 0.32)[1]
    (['0', '5e+19', '1e+20', '1.5e+20', '2e+20'], ['0.15', '0.20', '0.25', '0.30'])
    """
    if high <= low:
        return [low], [f"{low:.3g}"]
    rough = high / 6 - low / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough * (1 - 1e-9))
    ticks = [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    if step >= 1e-4 and max(abs(low), abs(high)) < 1e6:
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return ticks, [f"{tick:.{decimals}f}" for tick in ticks]
    labels = [f"{tick:.3g}" for tick in ticks]
    digits = 3
    while len(set(labels)) < len(ticks) and digits < 8:
        digits += 1
        labels = [f"{tick:.{digits}g}" for tick in ticks]
    return ticks, labels


def log_ticks(low: float, high: float) -> list[float]:
    """Choose round values between two powers of ten: 1, 2 and 5 of each decade, or decades alone."""
    decades = range(math.floor(low), min(math.ceil(high), 307) + 1)  # no float holds 5e308
    steps = (1, 2, 5) if high - low < 3 else (1,)
    ticks = [m * 10.0**d for d in decades for m in steps]
    inside = [tick for tick in ticks if low - 1e-9 <= math.log10(tick) <= high + 1e-9]
    return inside if len(inside) >= 2 else [10**low, 10**high]
