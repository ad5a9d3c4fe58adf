"""A run's best weights, which are the run's own and fit its model; imports torch."""

from dataclasses import dataclass

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from normlab.components.datasets import Outline
from normlab.core.errors import Problem
from normlab.core.text import visible
from normlab.engine.events import Point
from normlab.engine.module import build_module
from normlab.engine.sealed import CheckpointError, unseal
from normlab.exports.exhibit import Exhibit


@dataclass(frozen=True)
class BestWeights:
    """The weights of a run's best evaluation."""

    tensors: dict[str, Tensor]
    """By their names in the module, on the CPU."""
    point: Point
    """The evaluation."""


def best_of(exhibit: Exhibit) -> BestWeights:
    """Read a run's best weights.

    Raises: CheckpointError when they can't be read, or are another run's.
    """
    path = exhibit.run.folder / "best.safetensors"
    tensors, texts = unseal(path)
    if (run := texts.get("run")) != exhibit.run.id:
        raise _problem(exhibit, f"is of {f'run {visible(run)}' if run else 'no run'}")
    try:
        return BestWeights(tensors, Point.model_validate_json(texts.get("point", "")))
    except ValidationError:
        raise _problem(exhibit, "doesn't tell which evaluation it is of") from None


def best_model(exhibit: Exhibit, best: BestWeights, outline: Outline) -> nn.Module:
    """Build the run's model with its best weights, on the CPU.

    Raises: CheckpointError when they are another model's.
    """
    experiment = exhibit.history.experiment
    num_outputs = experiment.loss.num_outputs(outline)
    cpu = torch.device("cpu")
    model = build_module(experiment.model, outline.shape, num_outputs, experiment.seed, cpu)
    if _shapes(best.tensors) != _shapes(model.state_dict()):
        raise _problem(exhibit, "holds another model's weights")
    model.load_state_dict(best.tensors)
    return model


def _shapes(tensors: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def _problem(exhibit: Exhibit, rule: str) -> CheckpointError:
    path, remedy = exhibit.run.folder / "best.safetensors", "restore the run's own file, or train it again"
    return CheckpointError(Problem(str(path), rule, remedy))
