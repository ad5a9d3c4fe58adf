"""Which experiments can be trained together, stacked in one pass."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from normlab.core import places
from normlab.lab.batches import batch_sizes
from normlab.lab.experiment import Experiment

if TYPE_CHECKING:
    import torch
    from torch import nn

    from normlab.stacked.net import Shape

# Runs in a cohort: a CPU gains nothing from more.
_MAX_RUNS = 8
# Numbers that a cohort's nets may have together, 1 MiB of float32: where their weights, gradients and what
# the optimizer keeps leave a CPU's cache between two steps, a run takes longer than alone.
_MAX_NUMBERS = 2**18


def stackable(
    experiment: Experiment, module: "nn.Module", criterion: "nn.Module", device: "torch.device"
) -> "Shape | str":
    """Give what runs must share to be stacked with this one, or why none can be, as the end of a sentence."""
    from normlab.stacked.net import shape_of

    training = experiment.training
    if training.precision != "float32":
        return f"{training.precision} needs autocast, which acts on torch's own modules"
    if experiment.model.parametrization.kind != "none":
        return "its weights are parametrized"
    if training.compile:
        return "its module is compiled"
    if experiment.optimizer.needs_closure:
        return f"{experiment.optimizer.kind} evaluates the loss several times within a step"
    if device.type not in ("cpu", "cuda", "meta"):
        return f"stacked layers were never tried on {device.type}"
    return shape_of(module, criterion)


def alone(experiment: Experiment) -> str | None:
    """Give the reason why an experiment is trained alone, as the end of a sentence; none where it isn't."""
    shape = _shape(experiment)
    return shape if isinstance(shape, str) else None


def kin(experiment: Experiment) -> Hashable:
    """Give what experiments share that can be stacked; what is trained alone has no kin but itself."""
    shape = _shape(experiment)
    if isinstance(shape, str):
        return experiment.model_dump_json()
    outline = experiment.dataset.outline(places.data())
    training = experiment.training
    sizes = batch_sizes(training, experiment.dataset.split_sizes(outline)[0])
    return shape, outline.shape, sizes, training.epochs, training.steps, training.deterministic


def cohort_size(experiment: Experiment) -> int:
    """Count the runs of an experiment's kin that are best trained together."""
    if alone(experiment):
        return 1
    outline = experiment.dataset.outline(places.data())
    plan = experiment.model.plan(outline.shape, experiment.loss.num_outputs(outline))
    return fitting(sum(map(experiment.model.num_parameters, plan)))


def fitting(num_parameters: int) -> int:
    """Count the nets of that size that a CPU best steps together."""
    return max(1, min(_MAX_RUNS, _MAX_NUMBERS // max(1, num_parameters)))


def _shape(experiment: Experiment) -> "Shape | str":
    import torch

    outline = experiment.dataset.outline(places.data())
    with torch.device("meta"):
        module = experiment.model.build(outline.shape, experiment.loss.num_outputs(outline))
        return stackable(experiment, module, experiment.loss.build(), torch.device("meta"))
