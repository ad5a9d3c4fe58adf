from typing import Literal

from normlab.components.schedules import PacedSchedule, PositiveFactor


class Exponential(PacedSchedule, frozen=True):
    """Drop the rate by the same factor every time.

    factor(t) = gamma ^ t

    >>> [Exponential(gamma=0.5).factor(t, 4) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    kind: Literal["exponential"] = "exponential"
    per: Literal["step", "epoch"] = "epoch"
    """What `gamma` is applied at: every optimizer step, or every epoch."""
    gamma: PositiveFactor = 0.95
    """Factor of each drop."""

    def factor(self, time: int, length: int) -> float:
        return self.gamma**time
