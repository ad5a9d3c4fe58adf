from typing import Literal

from normlab.components.schedules import Factor, PacedSchedule, PositiveFactor


class Linear(PacedSchedule, frozen=True):
    """A straight line from `start * lr` to `final * lr`.

    factor(t) = start + (final - start) * t / length

    >>> [Linear().factor(t, 4) for t in range(5)]
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """

    kind: Literal["linear"] = "linear"
    start: PositiveFactor = 1.0
    """Factor that the rate starts at."""
    final: Factor = 0.0
    """Factor that the rate ends at."""

    def factor(self, time: int, length: int) -> float:
        share = min(time, length) / length
        return self.start * (1 - share) + self.final * share
