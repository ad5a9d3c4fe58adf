"""A run's best model behind its data's preparation: it takes samples in their own units.

This imports torch: only what writes a model imports it, and only then.
"""

import math
from contextlib import closing
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.nn.utils import parametrize

from normlab import __version__
from normlab.components.datasets import Outline
from normlab.core import places
from normlab.core.errors import DataError, Problem
from normlab.engine.data import Data, load
from normlab.engine.evaluation import Tally
from normlab.engine.events import Point
from normlab.engine.scaling import Scaler, Survey, blocks
from normlab.engine.streaming import Streamed
from normlab.exports.best_weights import best_model, best_of
from normlab.exports.exhibit import Exhibit
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.layers.dropout import RandomLayer

# As samples come, and in the order that standardisation sums them up in.
_RAW = {"dataset.standardize": "none", "dataset.scale_fault": None, "training.order": "fixed"}


@dataclass(frozen=True)
class Graph:
    """A model that can be taken elsewhere."""

    program: ExportedProgram
    """samples (N, *shape) float32 -> outputs (N, num_outputs), for any N."""
    metadata: dict[str, str]
    """What it is, for whoever finds the file."""


def trace(exhibit: Exhibit) -> Graph:
    """Trace the model with the weights of the best evaluation, standardisation in front.

    The data is read for that; the model is asked about the validation part.

    Raises: CheckpointError when the weights can't be read, or are another run's; DataError when the data
    can't be, or is not what the run was trained with.
    """
    experiment, folder = exhibit.history.experiment, places.data()
    best = best_of(exhibit)
    outline = experiment.dataset.outline(folder)
    model = best_model(exhibit, best, outline)
    _simplify(model)
    with closing(load(change(experiment, _RAW), folder, torch.device("cpu"))) as data:
        module = Prepared(model, _scaler(experiment, outline, data)).eval()
        loss = _val_loss(module, experiment, outline, data)
    _compare(exhibit.run.id, best.point, loss)
    samples = torch.zeros(2, *outline.shape)  # torch takes a batch of one for a constant
    program = torch.export.export(
        module, (samples,), dynamic_shapes={"samples": {0: Dim("batch")}}, strict=False
    )
    return Graph(program, _metadata(exhibit, outline, best.point, loss))


class Prepared(nn.Module):
    """A model that does to raw samples what its run did to its data: scale fault, then standardisation.

    Shape: (N, *shape) -> (N, num_outputs).
    """

    factor: Tensor | None
    mean: Tensor | None
    deviation: Tensor | None

    def __init__(self, model: nn.Module, scaler: Scaler) -> None:
        super().__init__()
        self.model, self.by_sample = model, scaler.by_sample
        mean, deviation = scaler.centre or (None, None)
        for name, array in (("factor", scaler.factor), ("mean", mean), ("deviation", deviation)):
            self.register_buffer(name, None if array is None else torch.from_numpy(array))

    def forward(self, samples: Tensor) -> Tensor:
        x = samples if self.factor is None else samples * self.factor
        mean, deviation = _sample_moments(x) if self.by_sample else (self.mean, self.deviation)
        if mean is not None and deviation is not None:
            x = (x - mean) / deviation
        return self.model(x)


def _sample_moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Give each sample's mean and deviation, as the engine does: in 64 bits, 1 where nothing varies."""
    x, dims = x.double(), tuple(range(1, x.ndim))
    mean = x.mean(dims, keepdim=True)
    deviation = (x - mean).square().mean(dims, keepdim=True).sqrt()
    deviation = torch.where(deviation <= 1e-12 * (1 + mean.abs()), 1.0, deviation)
    return mean.float(), deviation.float()


def _simplify(model: nn.Module) -> None:
    """Put computed weights in the place of what computes them, and take off what can't be traced."""
    for layer in list(model.modules()):
        if isinstance(layer, RandomLayer):
            layer.generator = None
        if isinstance(parametrized := getattr(layer, "parametrizations", None), nn.ModuleDict):
            for name in list(parametrized):
                parametrize.remove_parametrizations(layer, name)


def _scaler(experiment: Experiment, outline: Outline, data: Data | Streamed) -> Scaler:
    """Give what scaled the run's data, by the training samples in their own units."""
    survey, shape = Survey(experiment.dataset, outline.shape), outline.shape
    if survey.wants:
        lengths = [rows.stop - rows.start for rows in blocks(data.num_train, shape)]
        for x, _ in data.batches(lengths, order=None, done=0):
            survey.add(x.numpy())
    return survey.scaler()


def _val_loss(
    module: nn.Module, experiment: Experiment, outline: Outline, data: Data | Streamed
) -> float | None:
    """Evaluate as the run did, on samples in their own units; none without validation data."""
    if not data.num_val:
        return None
    loss = experiment.loss
    tally = Tally(loss)
    plan = experiment.model.plan(outline.shape, loss.num_outputs(outline))
    widest = max(math.prod(layer.outputs) for layer in plan)
    with torch.inference_mode():
        for x, y in data.chunks("val", widest):
            tally.add(module(x), y)
    return tally.take("val")["val_loss"]


def _compare(run: str, point: Point, loss: float | None) -> None:
    """Refuse a model that no longer does what it did: its data, or a part's code, has changed since.

    Shorter floats and other devices stay within a few percent, of a loss near 0 within as much again.
    """
    before = point.metrics.get("val_loss")
    if loss is None or before is None:
        return
    size = max(abs(before), 1e-6)
    if abs(loss - before) <= 0.1 * size + min(0.01, size):
        return
    rule = f"is not what run {run} was trained with: its val_loss was {before:.4g}, and is {loss:.4g} now"
    raise DataError(Problem("dataset", rule, "export its weights alone, as safetensors"))


def _metadata(exhibit: Exhibit, outline: Outline, point: Point, loss: float | None) -> dict[str, str]:
    experiment, run = exhibit.history.experiment, exhibit.run
    shape = ", ".join(map(str, outline.shape))
    if outline.task == "regression":
        outputs = "(N, 1): the value"
    elif experiment.loss.num_outputs(outline) == 1:
        outputs = "(N, 1): logit of class 1"
    else:
        outputs = f"(N, {outline.num_classes}): logits of classes 0 to {outline.num_classes - 1}"
    preparation = {
        "none": "nothing is standardised",
        "feature": "standardised inside: each feature, by the training part",
        "channel": "standardised inside: each channel, by the training part",
        "sample": "standardised inside: each sample by itself",
    }[experiment.dataset.standardize]
    found = {
        "normlab": __version__,
        "run": run.id,
        "name": exhibit.label,
        "seed": str(experiment.seed),
        "weights": f"best, epoch {point.epoch}, step {point.step}",
        "inputs": f"(N, {shape}) float32, in the data's own units; {preparation}",
        "outputs": outputs,
        "num_classes": str(outline.num_classes),
        "dataset": experiment.dataset.kind,
    }
    return found if loss is None else {**found, "val_loss": f"{loss:.6g}"}
