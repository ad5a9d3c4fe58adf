"""What a worker process and its parent send each other, a line of JSON each; events go between them."""

from functools import cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from normlab.core.choice import Record
from normlab.engine.control import Stop
from normlab.lab.experiment import Experiment


class Run(Record, frozen=True):
    """A run that is wanted."""

    id: str
    arm: str
    experiment: Experiment
    folder: str
    resume: bool = False


class Train(Record, frozen=True):
    """Train runs together: the arguments of `normlab.engine.loop.run_cohort`."""

    do: Literal["train"] = "train"
    runs: tuple[Run, ...]
    device: str
    weights: tuple[str, str] | None = None
    """A file of weights to start from, and where they are from; none for those that are drawn."""
    checkpoint_every: int | None = None
    time_limit_seconds: float | None = None


class ChangeControl(Record, frozen=True):
    """The parent's control of a run has changed."""

    do: Literal["change_control"] = "change_control"
    run: str
    outcome: Stop | None = None
    reason: str | None = None
    stepping: bool = False


class Acknowledge(Record, frozen=True):
    """What was told is on the disk."""

    do: Literal["acknowledge"] = "acknowledge"


class Waiting(Record, frozen=True):
    """The worker goes on once the event before this is acknowledged."""

    worker: Literal["waiting"] = "waiting"


class Done(Record, frozen=True):
    """The runs have told their last event."""

    worker: Literal["done"] = "done"


class Raised(Record, frozen=True):
    """An error has ended all the runs."""

    worker: Literal["raised"] = "raised"
    problems: list[tuple[str, str, str]]
    """Of each: where, the rule with the value before it, the remedy."""


Request = Train | ChangeControl | Acknowledge
Answer = Waiting | Done | Raised


@cache
def _requests() -> TypeAdapter[Request]:
    return TypeAdapter(Annotated[Request, Field(discriminator="do")])


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Annotated[Answer, Field(discriminator="worker")])


def read_request(line: bytes) -> Request:
    """Read a request of the parent's."""
    return _requests().validate_json(line)


def is_answer(line: bytes) -> bool:
    """Tell whether a worker's line is an answer, and no event."""
    return line.startswith(b'{"worker"')


def read_answer(line: bytes) -> Answer:
    """Read what a worker sends beside events."""
    return _answers().validate_json(line)


def write(message: Request | Answer) -> bytes:
    """Write a message as its line."""
    return message.model_dump_json().encode() + b"\n"
