"""Schedules: how the learning rate moves during training. Plain arithmetic: a form can draw one."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from normlab.core.choice import Part


class Schedule(Part, frozen=True):
    """A learning-rate schedule, configured: a factor on the optimizer's `lr`."""

    moves_per: ClassVar[Literal["step", "epoch"]] = "step"
    """The unit of the schedule's time: optimizer steps, or epochs (the factor holds within one)."""

    warmup_steps: Annotated[int, Field(ge=0, le=10**9)] = 0
    """Optimizer steps over which the rate first climbs linearly to `lr`; the schedule begins after them."""
    warmup_start: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Factor on `lr` at the first step of the warm-up."""

    @abstractmethod
    def factor(self, time: int, length: int) -> float:
        """Give the factor at `time` of `length`, both in the schedule's own unit, counted after the warm-up."""

    def build(self, num_steps: int, steps_per_epoch: int) -> "Clock":
        """Build the clock that a training of that many optimizer steps reads before each step."""
        return Clock(self, num_steps, steps_per_epoch)


class Clock:
    """A schedule under way."""

    def __init__(self, schedule: Schedule, num_steps: int, steps_per_epoch: int) -> None:
        self.schedule = schedule
        self.unit = 1 if schedule.moves_per == "step" else steps_per_epoch
        # The last epoch may be cut short by a limit of steps: it counts as one.
        self.length = max(1, -(-(num_steps - schedule.warmup_steps) // self.unit))

    def factor(self, step: int) -> float:
        """Give the factor on the learning rate for optimizer step `step`, counted from 0."""
        warmup, start = self.schedule.warmup_steps, self.schedule.warmup_start
        if step < warmup:
            return start + (1 - start) * step / warmup
        return self.schedule.factor((step - warmup) // self.unit, self.length)

    def observe(self, metrics: Mapping[str, float]) -> None:
        """Take in a measurement, which only a schedule that follows one heeds."""
