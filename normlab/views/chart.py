"""Charts in text, drawn by plotext."""

import math
import threading
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


@dataclass(frozen=True)
class Series:
    """One curve."""

    x: Sequence[float]
    y: Sequence[float]
    color: str
    marker: str = "braille"
    sparse: bool = False
    """Drawn as separate marks instead of a line: the validation curve beside the training one."""


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
    """Keep about `count` points at even distances, the last one always: separate marks on a chart."""
    stride = max(1, math.ceil(len(x) / count))
    rows = range((len(x) - 1) % stride, len(x), stride)
    return [x[i] for i in rows], [y[i] for i in rows]


def draw(series: Sequence[Series], title: str, width: int, height: int, color: bool, log: bool) -> str:
    """Draw curves as lines of text, `width` by `height` characters; `log` scales the values by log10.

    Values that are not finite (or not above 0, under log) are left out: a chart has no place for them.
    """
    import plotext

    plt: Any = plotext
    with _figure:
        plt.clear_figure()
        plt.plot_size(width, height)
        plt.theme("clear")
        plt.title(title)
        seen_x: list[float] = []
        seen_y: list[float] = []
        for curve in series:
            good = [
                (x, math.log10(y) if log else y)
                for x, y in zip(curve.x, curve.y, strict=True)
                if math.isfinite(y) and (y > 0 or not log)
            ]
            if not good:
                continue
            xs, ys = [x for x, _ in good], [y for _, y in good]
            xs, ys = thin(xs, ys, 20) if curve.sparse else decimate(xs, ys, width)
            seen_x, seen_y = seen_x + xs, seen_y + ys
            (plt.scatter if curve.sparse else plt.plot)(xs, ys, color=curve.color, marker=curve.marker)
        if not seen_x:
            return ""
        ticks = whole_ticks(min(seen_x), max(seen_x))
        plt.xticks(ticks, [f"{tick:,}" for tick in ticks])
        if log:
            powers = log_ticks(min(seen_y), max(seen_y))
            plt.yticks([math.log10(tick) for tick in powers], [f"{tick:.3g}" for tick in powers])
        else:
            plt.yticks(*value_ticks(min(seen_y), max(seen_y)))
        text: str = plt.build()
        return text if color else plt.uncolorize(text)


def whole_ticks(low: float, high: float) -> list[int]:
    """Choose up to about eight whole, round numbers between two values.

    >>> whole_ticks(1, 500)
    [100, 200, 300, 400, 500]
    """
    step = next(s for e in range(12) for s in (10**e, 2 * 10**e, 5 * 10**e) if (high - low) / s <= 8)
    return list(range(math.ceil(low / step) * step, math.floor(high) + 1, step)) or [round(low)]


def value_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Part a range into five, with labels as short as tells them apart.

    >>> value_ticks(0.0, 2e20)[1]
    ['0', '4e+19', '8e+19', '1.2e+20', '1.6e+20', '2e+20']
    """
    ticks = [low + (high - low) * part / 5 for part in range(6)] if high > low else [low]
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
