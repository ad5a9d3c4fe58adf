"""The plain part of a run's kept state, in its types and bounds: whoever writes a file can seal it."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from normlab.core.choice import Record
from normlab.engine.events import Number, Outcome, Point
from normlab.stacked.kept_library import Library


class _Plain(Record, frozen=True):
    # A best loss may be infinite, and tensors stand beside the plain values.
    model_config = ConfigDict(extra="ignore", allow_inf_nan=True)


class _Best(_Plain, frozen=True):
    point: Point | None
    value: Number | None


class _Patience(_Plain, frozen=True):
    best: Number | None
    waited: int = Field(ge=0)


class _Tally(_Plain, frozen=True):
    count: int = Field(ge=0)


class _Stepper(_Plain, frozen=True):
    factor: float = Field(ge=0, allow_inf_nan=False)


class StateRecord(_Plain, frozen=True):
    """What a state says of its run, tensors apart.

    Raises: pydantic.ValidationError, a ValueError, where a run can't have said it.
    """

    run: str
    device: str
    num_threads: int = Field(ge=1)
    library: Library
    """What multiplied its matrices."""
    torch: str
    epoch: int = Field(ge=0)
    step: int = Field(ge=0)
    """Optimizer steps done."""
    seconds: float = Field(ge=0, allow_inf_nan=False)
    outcome: Outcome
    reason: str | None
    last: Point | None
    untold: bool
    best: _Best
    patience: _Patience
    tally: _Tally
    stepper: _Stepper
    samples: int = Field(ge=0)
    since: float = Field(ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _has_what_is_untold(self) -> Self:
        if self.untold and self.last is None:
            raise ValueError("an evaluation is to be told, and none was made")
        return self

    def check_place(self, num_steps: int, steps_per_epoch: int) -> None:
        """See that the step is one of the training's, and of that epoch.

        Raises: ValueError when it isn't.
        """
        # The next epoch begins before its first step.
        epochs = range(-(-self.step // steps_per_epoch), self.step // steps_per_epoch + 2)
        if self.step > num_steps or self.epoch not in epochs:
            raise ValueError(f"step {self.step} of {num_steps} is not in epoch {self.epoch}")
