"""Weights that were kept: read, and put into a model as far as they fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from normlab.core.errors import DataError, Problem
from normlab.core.text import visible
from normlab.engine.events import WeightsLoaded
from normlab.engine.sealed import CheckpointError, unseal

# Torch keeps it out of its public names; both norms derive from it.
_BatchNorm = nn.modules.batchnorm._BatchNorm  # pyright: ignore[reportPrivateUsage]


@dataclass(frozen=True)
class StartWeights:
    """Weights to start from, by their names in the module, on the CPU."""

    origin: str
    """Where they are from: RUN:best or RUN:last. Untrusted text."""
    tensors: dict[str, Tensor]


def read_weights(path: Path, origin: str | None = None) -> StartWeights:
    """Read a run's best.safetensors or last.safetensors; `origin` names it, or else the file does.

    Raises: CheckpointError when it is missing, damaged, no such file, or not of the run that `origin` names.
    """
    tensors, texts = unseal(path)
    run = texts.get("run", path.parent.name)
    if origin is not None and run != origin.partition(":")[0]:
        rule = f"holds weights of run {visible(run)}, not {visible(origin)}"
        raise CheckpointError(Problem(str(path), rule, f"start from them as {visible(run)}:{path.stem}"))
    return StartWeights(origin or f"{run}:{path.stem}", tensors)


def load_weights(module: nn.Module, weights: StartWeights, run_id: str) -> WeightsLoaded:
    """Copy weights into a module where name and shape are the same, and tell what matched.

    Raises: DataError when nothing does.
    """
    own, given = module.state_dict(), weights.tensors
    shared = own.keys() & given.keys()
    matched = {
        name: given[name]
        for name in shared
        if own[name].shape == given[name].shape
        and own[name].is_floating_point() == given[name].is_floating_point()
    }
    if not matched:
        rule = f"has no tensor of the model's: it holds {', '.join(map(visible, sorted(given)[:3]))} …"
        remedy = f"start from a run whose model has {', '.join(sorted(own)[:3])} …"
        raise DataError(Problem(visible(weights.origin), rule, remedy))
    module.load_state_dict(matched, strict=False)
    return WeightsLoaded(
        run=run_id,
        origin=weights.origin,
        matched=len(matched),
        left_as_drawn=tuple(name for name in own if name not in given),
        unused=tuple(sorted(given.keys() - own.keys())),
        other_shape=tuple(name for name in own if name in shared and name not in matched),
    )


def untrained(module: nn.Module, loaded: WeightsLoaded) -> Iterator[Problem]:
    """Yield warnings where a model to be evaluated with loaded weights has parts that were never trained."""
    drawn = {*loaded.left_as_drawn, *loaded.other_shape}
    if drawn:
        some = ", ".join(sorted(drawn)[:3]) + (" …" if len(drawn) > 3 else "")
        rule = f"lacks {len(drawn)} of the model's tensors ({some}), which are as they were drawn"
        yield Problem(visible(loaded.origin), rule, "evaluate with the run's own experiment", warning=True)
    for path, layer in module.named_modules():
        if not isinstance(layer, _BatchNorm) or layer.num_batches_tracked is None:
            continue
        if f"{path}.running_mean" in drawn or not int(layer.num_batches_tracked):
            rule = "has seen no batch: it is evaluated with mean 0 and variance 1"
            remedy = "train for a step, or take weights that were trained with it"
            yield Problem(path, rule, remedy, warning=True)
