"""Curves over seeds: at each place the median, and where it may lie."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, nan

from normlab.analysis.estimates import Median


@dataclass(frozen=True)
class Band:
    """A curve of medians with its interval, a list for each column."""

    x: list[float]
    median: list[float]
    low: list[float]
    """Lower end of the median's interval; nan where there are too few runs, below six at 95 %."""
    high: list[float]
    num: list[int]
    """Runs that were measured there."""


def band(
    curves: Iterable[tuple[Sequence[float], Sequence[float]]], worst: float = inf, confidence: float = 0.95
) -> Band:
    """Draw one band through curves of x and y, one a seed.

    The interval is that of the median by order (see Median): it asks nothing of the distribution, is the
    same on a linear and a logarithmic axis, and a run that has diverged counts in it as the worst instead
    of being left out: a y that is no number counts as `worst`.

    A place that fewer than half of the runs have been measured at is left out: the band ends there.
    """
    found: defaultdict[float, list[float]] = defaultdict(list)
    num_curves = 0
    for xs, ys in curves:
        num_curves += 1
        for x, y in dict(zip(xs, ys, strict=True)).items():
            found[x].append(worst if y != y else y)
    drawn = Band([], [], [], [], [])
    for x in sorted(found):
        if 2 * len(found[x]) < num_curves:
            continue
        middle = Median(found[x])
        low, high = middle.interval(confidence) or (nan, nan)
        for column, value in zip(
            (drawn.x, drawn.median, drawn.low, drawn.high), (x, middle.center, low, high), strict=True
        ):
            column.append(value)
        drawn.num.append(len(found[x]))
    return drawn
