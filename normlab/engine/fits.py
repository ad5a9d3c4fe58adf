"""Kept tensors, compared with what they are to be put into."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from normlab.layers.elementwise import Elementwise

_Outline = tuple[tuple[int, ...], torch.dtype]
# Of LBFGS: numbers, some of them tensors at times, and lists of tensors.
_NUMBERS = ("func_evals", "n_iter", "t", "H_diag", "prev_loss")
_LISTS = ("old_dirs", "old_stps", "ro", "al")


def misfit(kept: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str | None:
    """Name a tensor that only one of two sets has, or in another shape or type; None where there is none."""
    odd = set(_outlines(kept).items()) ^ set(_outlines(wanted).items())
    return sorted(str(name) for name, _ in odd)[0] if odd else None


def _outlines(tensors: Mapping[str, Tensor]) -> dict[str, _Outline]:
    return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}


def optimizer_misfit(optimizer: Optimizer | Elementwise) -> str | None:
    """Name what an optimizer keeps in another shape than it made it in; None where all is in order.

    Nothing else compares it with the parameters, and fused kernels then write past a tensor's end.
    """
    if isinstance(optimizer, Elementwise):
        pairs = zip(optimizer.states, optimizer.begun(), strict=True)
        odd = [(place, misfit(kept, wanted)) for place, (kept, wanted) in enumerate(pairs)]
        return next((f"optimizer.{place}.{name}" for place, name in odd if name), None)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    places = {parameter: place for place, parameter in enumerate(parameters)}
    length = sum(parameter.numel() for parameter in parameters)
    for parameter, kept in optimizer.state.items():
        if parameter not in places:
            return f"optimizer.{parameter}"
        for name, value in kept.items():
            if not _fits(name, value, _shape(name, parameter.shape, length)):
                return f"optimizer.{places[parameter]}.{name}"
    return None


def _shape(name: str, shape: tuple[int, ...], length: int) -> tuple[int, ...]:
    if name in ("step", "ro", "al", *_NUMBERS):
        return ()
    if name in ("d", "prev_flat_grad", "old_dirs", "old_stps"):  # LBFGS's, over all parameters
        return (length,)
    if name == "row_var":  # Adafactor's squared gradients, by their means over rows and columns
        return (*shape[:-1], 1)
    if name == "col_var":
        return (*shape[:-2], 1, shape[-1])
    return shape


def _fits(name: str, value: Any, shape: tuple[int, ...]) -> bool:
    if isinstance(value, Tensor):
        return name not in _LISTS and value.shape == shape
    if isinstance(value, list):
        items: list[Any] = value
        return name in _LISTS and all(
            item.shape == shape if isinstance(item, Tensor) else item is None and name == "al"
            for item in items
        )
    return name in _NUMBERS and isinstance(value, int | float)
