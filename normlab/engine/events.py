"""What happens in a run, as typed, frozen events that go through JSON both ways."""

import math
from functools import cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter

from normlab.core.choice import Record
from normlab.lab.experiment import Experiment
from normlab.stacked.kept_library import Library


def _read_number(value: object) -> object:
    return float(value) if value in ("nan", "inf", "-inf") else value


def _write_number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


Number = Annotated[float, BeforeValidator(_read_number), PlainSerializer(_write_number, when_used="json")]
"""A float whose non-finite values are "nan", "inf" and "-inf" in JSON, which has none of its own."""

Outcome = Literal["completed", "early_stopped", "stopped", "interrupted", "diverged", "oom", "failed"]

FAILURES: tuple[Outcome, ...] = ("diverged", "oom", "failed")
"""Outcomes of which a person should hear."""


class Point(Record, frozen=True):
    """The metrics at one evaluation."""

    model_config = ConfigDict(allow_inf_nan=True)

    epoch: int
    """Epochs begun, counted from 1."""
    step: int
    """Optimizer steps done."""
    metrics: dict[str, Number]
    """Value by name; see normlab.lab.metrics."""


class RunEvent(Record, frozen=True):
    """Something that happened in a run."""

    model_config = ConfigDict(allow_inf_nan=True)

    run: str
    """The run's id."""


class Preparing(RunEvent, frozen=True):
    """Data is being downloaded."""

    event: Literal["preparing"] = "preparing"
    what: str
    """File on its way."""
    done_bytes: int
    total_bytes: int | None
    """None where the server doesn't tell."""


class RunCreated(RunEvent, frozen=True):
    """A run begins: data is fetched and read, the model built. The first event of each run."""

    event: Literal["run_created"] = "run_created"
    arm: str
    experiment: Experiment
    device: str = ""
    """Where it is to train; empty in records from before it was told."""
    origin: str | None = None
    """The weights that it is to start from, RUN:best or RUN:last; none where they are drawn, or a state's."""


class RunStarted(RunEvent, frozen=True):
    """Data and model are ready; training begins."""

    event: Literal["run_started"] = "run_started"
    arm: str
    seed: int
    experiment: Experiment
    device: str
    num_threads: int
    """CPU threads that torch uses for this run."""
    library: Library | None = None
    """What multiplies its large matrices; none on other devices than a CPU, and in records from before it was
    told."""
    num_parameters: int
    """Trainable numbers."""
    num_train: int
    """Training samples."""
    num_val: int
    """Validation samples."""
    steps_per_epoch: int
    num_steps: int
    """Optimizer steps until the planned end."""
    resumed_at: int = 0
    """Optimizer steps that were done before: it goes on from there, and earlier events aren't repeated."""


class WeightsLoaded(RunEvent, frozen=True):
    """The model starts from weights that were kept, instead of from the drawn ones."""

    event: Literal["weights_loaded"] = "weights_loaded"
    origin: str
    """Where they are from: RUN:best or RUN:last."""
    matched: int
    """Tensors of the model that were found there, with their name and shape."""
    left_as_drawn: tuple[str, ...]
    """The model's tensors that were not found there."""
    unused: tuple[str, ...]
    """Tensors that the model doesn't have."""
    other_shape: tuple[str, ...]
    """Tensors that both have, in different shapes; the model's are left as drawn."""


class Progress(RunEvent, frozen=True):
    """The run is alive, and here; sent about ten times a second."""

    event: Literal["progress"] = "progress"
    epoch: int
    step: int
    seconds: float
    """Since training began, pauses left out."""


class Measured(RunEvent, Point, frozen=True):
    """An evaluation is done."""

    event: Literal["measured"] = "measured"


class ProbeSamples(Record, frozen=True):
    """Samples of a run's data, for its pictures: inputs, then the class or value. At most some hundred."""

    model_config = ConfigDict(allow_inf_nan=True)

    train: tuple[tuple[Number, ...], ...]
    val: tuple[tuple[Number, ...], ...]


class Probed(RunEvent, frozen=True):
    """What the model answers over a line or a plane of inputs: for a picture.

    Inputs are in the data's own units, before standardisation.
    """

    event: Literal["probed"] = "probed"
    epoch: int
    step: int
    low: tuple[Number, ...]
    """Smallest input of the picture: one number for a line, two for a plane."""
    high: tuple[Number, ...]
    """Largest input of the picture."""
    sizes: tuple[int, ...]
    """Number of evenly spaced inputs along each dimension, both ends included."""
    answers: tuple[Number, ...]
    """The class, or the value, at each input; the first dimension varies fastest."""
    num_classes: int | None
    """None where the answers are values."""
    samples: ProbeSamples | None = None
    """With a run's first picture; the later ones show the same."""


class Warned(RunEvent, frozen=True):
    """Something is odd, and the run goes on."""

    event: Literal["warned"] = "warned"
    message: str


class Held(RunEvent, frozen=True):
    """The run waits for something outside: a full disk, say. What records it says so, not the engine."""

    event: Literal["held"] = "held"
    reason: str


class Saving(RunEvent, frozen=True):
    """Weights are about to be written: who keeps events puts all before this one on the disk first.

    Else a run that is killed, and resumed from those weights, would miss what it measured before.
    """

    event: Literal["saving"] = "saving"
    epoch: int
    step: int


class CheckpointSaved(RunEvent, frozen=True):
    """A file is on the disk: the weights of the best or the last evaluation, or all that resuming needs."""

    event: Literal["checkpoint_saved"] = "checkpoint_saved"
    name: Literal["best", "last", "state"]
    path: str
    sha256: str
    """Of the file as it lies on the disk."""
    epoch: int
    step: int


class RunFinished(RunEvent, frozen=True):
    """The run has ended, well or not."""

    event: Literal["run_finished"] = "run_finished"
    outcome: Outcome
    reason: str | None = None
    """Why it ended, where it didn't just reach its end."""
    best: Point | None = None
    """The evaluation with the best metric; none where nothing finite was measured."""
    last: Point | None = None
    """The last evaluation."""
    seconds: float
    """Of training and evaluation, pauses left out."""


Event = (
    Preparing
    | RunCreated
    | RunStarted
    | WeightsLoaded
    | Progress
    | Measured
    | Probed
    | Warned
    | Held
    | Saving
    | CheckpointSaved
    | RunFinished
)


@cache
def _adapter() -> TypeAdapter[Event]:
    # Not at import: it builds the schema of every part, which takes a tenth of a second.
    return TypeAdapter(Annotated[Event, Field(discriminator="event")])


def read_event(line: str | bytes) -> Event:
    """Read an event from its line of JSON.

    Raises: pydantic.ValidationError when it is none.
    """
    return _adapter().validate_json(line)
