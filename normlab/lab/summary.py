"""What an experiment amounts to before it runs: layers, parameters, memory, samples and steps; no torch."""

import math
from dataclasses import dataclass
from functools import lru_cache

from normlab.components.datasets import Outline
from normlab.components.models import Layer, Model
from normlab.core import places
from normlab.core.errors import ConfigError
from normlab.lab.batches import BatchSizes, batch_sizes, num_steps
from normlab.lab.experiment import Experiment


@dataclass(frozen=True)
class Summary:
    """An experiment's model and the size of its training."""

    layers: tuple[Layer, ...]
    """In the order of the forward pass, those left out among them (norm "none")."""
    parameters: tuple[int, ...]
    """Trainable numbers of each layer."""
    kinds: dict[str, str]
    """The kind that stands behind an op: "norm" may be "batch"."""
    num_train: int
    num_val: int
    batches: BatchSizes
    """Of one epoch."""
    num_steps: int
    """Optimizer steps of the whole training."""
    memory_bytes: int
    """Estimate for the whole training: model, optimizer, activations and data."""

    @property
    def num_layers(self) -> int:
        """Count the layers with weights: linear and convolution."""
        return sum(layer.op in ("linear", "conv") for layer in self.layers)

    @property
    def num_parameters(self) -> int:
        return sum(self.parameters)

    def acts(self, layer: Layer) -> bool:
        """Tell whether a layer does anything: a norm, an activation or a dropout may be "none"."""
        return self.kinds.get(layer.op) != "none"


def summarize(experiment: Experiment) -> Summary:
    """Sum an experiment up.

    Raises: DataError when a user's own file can't be looked at; ConfigError when the model can't take
    the data's shape.
    """
    data = experiment.dataset.outline(places.data())
    if wrong := [p for p in experiment.model.problems(data.shape, "model") if not p.warning]:
        raise ConfigError(*wrong)
    return summarize_on(experiment, data)


def summarize_on(experiment: Experiment, data: Outline) -> Summary:
    """Sum an experiment up whose data is known, and whose model takes it."""
    model = experiment.model
    layers, parameters = _plan(model, data.shape, experiment.loss.num_outputs(data))
    num_train, num_val = experiment.dataset.split_sizes(data)
    batches = batch_sizes(experiment.training, max(num_train, 0))
    num_values = sum(math.prod(layer.outputs) for layer in layers)
    # Weights, gradients and two moments of the optimizer; activations and their gradients; what drawing,
    # splitting and scaling the data hold at their peak, measured over all drawn sets.
    sample_bytes = 4 * math.prod(data.shape)
    num_samples = num_train + num_val
    kept = 2 * batches.size if experiment.dataset.streams(data) else 6 * num_samples + 2 * data.num_classes
    data_bytes = sample_bytes * kept + 64 * num_samples
    return Summary(
        layers=layers,
        parameters=parameters,
        kinds={
            "norm": model.norm.kind,
            "activation": model.activation.kind,
            "dropout": model.dropout.kind,
        },
        num_train=num_train,
        num_val=num_val,
        batches=batches,
        num_steps=num_steps(experiment.training, batches.num_batches),
        memory_bytes=16 * sum(parameters) + 8 * num_values * batches.size + data_bytes,
    )


# A plan of 40,000 layers takes 0.15 s: it is made once for the check, the summary and the next setting.
@lru_cache(maxsize=2)
def _plan(
    model: Model, shape: tuple[int, ...], num_outputs: int
) -> tuple[tuple[Layer, ...], tuple[int, ...]]:
    layers = tuple(model.plan(shape, num_outputs))
    return layers, tuple(map(model.num_parameters, layers))
