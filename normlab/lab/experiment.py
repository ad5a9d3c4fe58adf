"""The experiment: the whole configuration of one training."""

from typing import Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Dataset
from normlab.components.losses import Loss
from normlab.components.models import Model
from normlab.components.optimizers import Optimizer
from normlab.components.schedules import Schedule
from normlab.core.choice import OneOf, Record, default
from normlab.lab.metrics import Metric

Length = Annotated[int, Field(ge=1, le=10**8)]
Size = Annotated[int, Field(ge=1, le=10**7)]
MAX_SEED = 2**62
Limit = Annotated[float, Field(gt=0, le=1e12)]


class EarlyStopping(Record, frozen=True):
    """Stop when a metric no longer improves."""

    metric: Metric | None = None
    """What is watched; none means the metric that picks the best epoch."""
    mode: Literal["auto", "lower", "higher"] = "auto"
    """Which way is better; "auto" knows it from the metric's name."""
    patience: Annotated[int, Field(ge=1, le=10**6)] = 3
    """Evaluations in a row without an improvement before the run ends."""
    min_delta: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    """How much better than the best a value must be to count as an improvement, in the metric's unit."""
    start: Annotated[int, Field(ge=0, le=10**8)] = 0
    """Epochs (or steps, where training is counted in steps) before which nothing stops."""


class Training(Record, frozen=True):
    """How long and in what manner the model is trained."""

    epochs: Length = 10
    """Passes over the training data."""
    steps: Length | None = None
    """Optimizer steps to train for, in place of epochs; evaluations then are counted in steps too."""
    evaluate_every: Length = 1
    """Epochs (or steps, where training is counted in steps) between evaluations; the end is always one."""
    batch_size: Size | Literal["full"] = 64
    """Samples per optimizer step; "full" takes the whole training set in each."""
    last_batch: Literal["keep", "drop", "merge"] = "keep"
    """What becomes of an epoch's last, smaller batch: kept, dropped, or merged into the one before."""
    order: Literal["shuffled", "fixed", "sorted"] = "shuffled"
    """Order of the samples: shuffled anew each epoch, as the split left them, or sorted by target."""
    clip_norm: Limit | None = None
    """Scale the whole gradient down to this norm where it is larger; direction kept."""
    clip_value: Limit | None = None
    """Cut each element of the gradient to plus or minus this; changes the direction."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """Arithmetic of the forward pass; the shorter ones run under autocast, weights stay float32."""
    compile: bool = False
    """Compile the model with torch.compile: slow to start, may run faster after."""
    deterministic: bool = False
    """Refuse operations whose result may differ from call to call (matters on a GPU)."""
    on_divergence: Literal["stop", "continue"] = "stop"
    """What a loss that is no longer finite does to the run."""
    evaluation_mode: Literal["eval", "train"] = "eval"
    """Mode of the layers while validation data is measured. "train" is a fault to look at: dropout drops, and
    batch norm takes the statistics of validation batches of about the training size, and keeps them."""
    calibration: bool = False
    """Measure val_ece too: how far the model's confidence lies from the share that it gets right."""
    best_metric: Metric | None = None
    """Metric that picks the best epoch; none means val_loss, or train_loss without validation data."""
    early_stopping: EarlyStopping | None = None
    """When to stop before the end; none trains to the end."""

    @property
    def unit(self) -> Literal["epoch", "step"]:
        """What length and evaluations are counted in."""
        return "epoch" if self.steps is None else "step"


class Experiment(Record, frozen=True):
    """The whole configuration of one training; `Experiment()` is an MLP on digits.

    >>> Experiment().model.norm.kind
    'none'
    """

    dataset: Annotated[Dataset, OneOf()] = default(Dataset, "digits")
    """What is learnt from."""
    model: Annotated[Model, OneOf()] = default(Model, "mlp")
    """What learns."""
    loss: Annotated[Loss, OneOf()] = default(Loss, "cross_entropy")
    """What training makes small."""
    optimizer: Annotated[Optimizer, OneOf()] = default(Optimizer, "adam")
    """How gradients become steps."""
    schedule: Annotated[Schedule, OneOf()] = default(Schedule, "constant")
    """How the learning rate moves."""
    training: Training = Field(default_factory=Training)
    """How long and in what manner."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """Keys every random draw: data, split, order, initial weights, dropout."""
