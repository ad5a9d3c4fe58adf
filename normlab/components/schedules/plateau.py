import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from normlab.components.schedules import Clock, Factor, Pace, Schedule
from normlab.core.choice import Record

Evaluations = Annotated[int, Field(ge=0, le=10**6)]


class Plateau(Schedule, frozen=True):
    """Drop the rate when a loss stops falling, per evaluation.

    A measurement is better when it is finite and below best * (1 - threshold). After more than `patience`
    in a row that aren't, factor = max(factor * gamma, lowest), and the next `cooldown` are not counted.

    Source: torch.optim.lr_scheduler.ReduceLROnPlateau. Departure: however small, every drop is made.
    """

    kind: Literal["plateau"] = "plateau"
    metric: Literal["val_loss", "train_loss"] = "val_loss"
    """Loss that is watched; train_loss serves where nothing is held out for validation."""
    gamma: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Factor of each drop."""
    patience: Evaluations = 10
    """Evaluations without progress that are borne before a drop."""
    threshold: Annotated[float, Field(ge=0, lt=1)] = 1e-4
    """Share of the best loss so far by which a new one must be lower to count as progress."""
    cooldown: Evaluations = 0
    """Evaluations after a drop in which lack of progress isn't counted."""
    lowest: Factor = 0.0
    """Factor that the rate never falls below."""

    @property
    def moves_per(self) -> Pace:
        return "evaluation"

    def factor(self, time: int, length: int) -> float:
        return 1.0

    def build(self, num_steps: int, steps_per_epoch: int) -> Clock:
        return PlateauClock(self, num_steps, steps_per_epoch)


class Standing(Record, frozen=True):
    """Where a plateau schedule stands between two evaluations."""

    factor: Factor = 1.0
    best: float | None = None
    num_bad: int = 0
    cooling: int = 0


class PlateauClock(Clock):
    """A plateau schedule under way."""

    def __init__(self, schedule: Plateau, num_steps: int, steps_per_epoch: int) -> None:
        super().__init__(schedule, num_steps, steps_per_epoch)
        self.rules = schedule
        self.now = Standing()

    def factor(self, step: int) -> float:
        return super().factor(step) * self.now.factor

    def observe(self, metrics: Mapping[str, float]) -> None:
        value = metrics.get(self.rules.metric, metrics.get("train_loss"))
        if value is None:
            return
        factor, best, cooling = self.now.factor, self.now.best, self.now.cooling
        better = math.isfinite(value) and (best is None or value < best * (1 - self.rules.threshold))
        num_bad = 0 if better or cooling else self.now.num_bad + 1
        if num_bad > self.rules.patience:
            factor = max(factor * self.rules.gamma, self.rules.lowest)
            num_bad, cooling = 0, self.rules.cooldown
        else:
            cooling = max(0, cooling - 1)
        self.now = Standing(factor=factor, best=value if better else best, num_bad=num_bad, cooling=cooling)

    def state(self) -> dict[str, Any]:
        return self.now.model_dump()

    def load(self, state: Mapping[str, Any]) -> None:
        self.now = Standing.model_validate(state)
