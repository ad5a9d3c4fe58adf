from bisect import bisect_right
from typing import Annotated, Literal

from pydantic import Field, field_validator

from normlab.components.schedules import Duration, PacedSchedule, PositiveFactor


class MultiStep(PacedSchedule, frozen=True):
    """Drop the rate by the same factor at chosen times.

    factor(t) = gamma ^ (number of milestones <= t)

    >>> [MultiStep(milestones=(1, 3), gamma=0.5).factor(t, 5) for t in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    kind: Literal["multi_step"] = "multi_step"
    per: Literal["step", "epoch"] = "epoch"
    """Unit of the milestones: optimizer steps, or epochs."""
    milestones: Annotated[tuple[Duration, ...], Field(strict=False, min_length=1, max_length=1000)] = (30, 60)
    """Times of the drops, rising, counted after the warm-up."""
    gamma: PositiveFactor = 0.1
    """Factor of each drop."""

    @field_validator("milestones")
    @classmethod
    def _rise(cls, milestones: tuple[int, ...]) -> tuple[int, ...]:
        if list(milestones) != sorted(set(milestones)):
            raise ValueError(f"must rise; use {sorted(set(milestones))}")
        return milestones

    def factor(self, time: int, length: int) -> float:
        return self.gamma ** bisect_right(self.milestones, time)
