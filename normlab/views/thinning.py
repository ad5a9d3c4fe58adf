"""Curves of many points made of few: a drawing costs what its points cost. Statistics never use this."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

Points = tuple[list[float], list[float]]


def decimate(x: Sequence[float], y: Sequence[float], width: int, floor: float = -math.inf) -> Points:
    """Thin a curve to about two points a column, its lowest and its highest value kept in each.

    Where values of a column are not finite, or not above `floor`, one of them stays too: a gap.

    >>> decimate(range(6), [0, 5, 1, 1, -3, 2], 2)
    ([0, 1, 4, 5], [0, 5, -3, 2])
    """
    if len(x) <= 2 * width:
        return list(x), list(y)
    kept: list[int] = []
    for column in range(width):
        first, last = column * len(x) // width, (column + 1) * len(x) // width
        part = y[first:last]
        low, high = min(part), max(part)
        if floor < low and math.isfinite(sum(part)):  # by the built-ins: 10,000 points take 0.5 ms, not 5
            kept += sorted({first + part.index(low), first + part.index(high)})
        else:
            rows = range(first, last)
            good = [row for row in rows if floor < y[row] < math.inf]
            ends = {min(good, key=y.__getitem__), max(good, key=y.__getitem__)} if good else set[int]()
            gap = [row for row in rows if not floor < y[row] < math.inf][:1]
            kept += sorted({*ends, *gap})
    return [x[row] for row in kept], [y[row] for row in kept]


def thin(x: Sequence[float], y: Sequence[float], count: int) -> Points:
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


def clip(x: Sequence[float], y: Sequence[float], low: float, high: float) -> Points:
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
