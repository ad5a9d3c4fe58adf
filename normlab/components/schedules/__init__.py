"""Schedules: how the learning rate moves during training. Plain arithmetic: a form can draw one."""

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from normlab.core.choice import Part
from normlab.core.errors import Problem

Pace = Literal["step", "epoch", "evaluation"]
Duration = Annotated[int, Field(ge=1, le=10**9)]
Factor = Annotated[float, Field(ge=0, le=1)]
PositiveFactor = Annotated[float, Field(gt=0, le=1)]


class Schedule(Part, frozen=True):
    """A learning-rate schedule, configured: a factor on the optimizer's `lr`, never above 1."""

    warmup_steps: Annotated[int, Field(ge=0, le=10**9)] = 0
    """Optimizer steps over which the rate first climbs, linearly, to where the schedule begins."""
    warmup_start: PositiveFactor = 0.01
    """Factor on the schedule's first rate at the first step of the warm-up."""

    @property
    def moves_per(self) -> Pace:
        """The unit of the schedule's time. The rate holds within an epoch, or until an evaluation."""
        return "step"

    @abstractmethod
    def factor(self, time: int, length: int) -> float:
        """Give the factor at `time` of a training of `length`, both in the schedule's own unit.

        Times run from 0 to length - 1, the warm-up left out. What ends at a final value has it at `length`,
        just after the last step or epoch, unless it says otherwise, and keeps it for ever after.
        """

    def build(self, num_steps: int, steps_per_epoch: int) -> "Clock":
        """Build the clock that a training of that many optimizer steps reads before each step."""
        return Clock(self, num_steps, steps_per_epoch)

    def problems(self, num_steps: int, path: str) -> Iterator[Problem]:
        """Yield what keeps this schedule from a training of that many steps; `path` is its own place."""
        if self.warmup_steps >= max(1, num_steps):
            rule = f"leaves none of the training's {num_steps} steps after the warm-up"
            yield Problem(f"{path}.warmup_steps", rule, f"use at most {num_steps - 1}", self.warmup_steps)


class PacedSchedule(Schedule, frozen=True):
    """A schedule that can move with steps or with epochs."""

    per: Literal["step", "epoch"] = "step"
    """Unit of the schedule's time: it moves at every optimizer step, or between epochs only."""

    @property
    def moves_per(self) -> Pace:
        return self.per


class Clock:
    """A schedule under way."""

    def __init__(self, schedule: Schedule, num_steps: int, steps_per_epoch: int) -> None:
        self.schedule = schedule
        self.unit = steps_per_epoch if schedule.moves_per == "epoch" else 1
        # Epochs count whole: one that the warm-up or a limit of steps cuts short is still one.
        self.start = schedule.warmup_steps // self.unit
        self.length = max(1, math.ceil(num_steps / self.unit) - self.start)

    def factor(self, step: int) -> float:
        """Give the factor on the learning rate for optimizer step `step`, counted from 0."""
        warmup, low = self.schedule.warmup_steps, self.schedule.warmup_start
        if step < warmup:
            return (low + (1 - low) * step / warmup) * self.schedule.factor(0, self.length)
        return self.schedule.factor(step // self.unit - self.start, self.length)

    def observe(self, metrics: Mapping[str, float]) -> None:
        """Take in a measurement, which only a schedule that follows one heeds."""

    def state(self) -> dict[str, Any]:
        """Give what measurements have changed, as JSON data, so that training can be resumed."""
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up a state that `state` gave."""
