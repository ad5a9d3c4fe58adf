from typing import Literal

from normlab.components.schedules import Duration, PacedSchedule, PositiveFactor


class Step(PacedSchedule, frozen=True):
    """Drop the rate by the same factor at even intervals.

    factor(t) = gamma ^ floor(t / size)

    >>> [Step(size=2, gamma=0.5).factor(t, 6) for t in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    kind: Literal["step"] = "step"
    per: Literal["step", "epoch"] = "epoch"
    """Unit of `size`: optimizer steps, or epochs."""
    size: Duration = 30
    """Time from one drop to the next."""
    gamma: PositiveFactor = 0.1
    """Factor of each drop."""

    def factor(self, time: int, length: int) -> float:
        return self.gamma ** (time // self.size)
