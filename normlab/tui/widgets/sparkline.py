"""A run's curve in a few characters."""

import math
from collections.abc import Sequence

BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-~=*#@"


def thinned(values: Sequence[float], columns: int) -> list[float]:
    """Choose a value for each column: the last one of its stretch.

    >>> thinned([5, 4, 3, 2, 1, 0], 3)
    [4, 2, 0]
    """
    count = min(columns, len(values))
    return [values[(column + 1) * len(values) // count - 1] for column in range(count)]


def limits(curves: Sequence[Sequence[float]], log: bool) -> tuple[float, float]:
    """Give the lowest and the highest value that is drawn; those that have no place are passed over."""
    values = [value for curve in curves for value in curve if math.isfinite(value) and (value > 0 or not log)]
    return (min(values), max(values)) if values else (math.nan, math.nan)


def sparkline(
    values: Sequence[float], low: float, high: float, log: bool = False, ascii: bool = False
) -> str:
    """Draw values as bars between two limits, on a logarithmic scale where `log`; no number is a "!".

    >>> sparkline([1.0, 0.5, 0.0], 0.0, 1.0), sparkline([10, 1, math.nan], 1, 10, log=True)
    ('█▅▁', '█▁!')
    """
    bars = ASCII_BARS if ascii else BARS

    def place(value: float) -> float:
        return math.log10(max(value, low)) if log else value

    def bar(value: float) -> str:
        if not math.isfinite(value):
            return "!"
        if not high > low:
            return bars[len(bars) // 2]
        share = (place(value) - place(low)) / (place(high) - place(low))
        return bars[round(min(max(share, 0.0), 1.0) * (len(bars) - 1))]

    return "".join(map(bar, values))
