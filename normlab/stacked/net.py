"""Whole nets, stacked: layers put together as the torch modules are."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from normlab.layers.tree import Chain, Residual, leaves
from normlab.stacked.activations import ACTIVATIONS
from normlab.stacked.dropouts import DROPOUTS
from normlab.stacked.layer import Layer
from normlab.stacked.linear import Linear
from normlab.stacked.losses import LOSSES, StackedLoss
from normlab.stacked.norms import NORMS

LAYERS: tuple[type[Layer[Any]], ...] = (Linear, *NORMS, *ACTIVATIONS, *DROPOUTS)


class Branch(Layer[Residual]):
    """A branch beside the identity: y = x + f(x)."""

    serves = Residual

    def __init__(self, modules: Sequence[Residual]) -> None:
        super().__init__(modules)
        self.layers = stack_layers(modules)

    def forward(self, x: Tensor, training: bool) -> Tensor:
        out = x
        for layer in self.layers:
            out = layer.forward(out, training)
        return torch.add(x, out, out=self.buffers.take("y", x.shape, x))

    def backward(self, dy: Tensor) -> Tensor:
        dx = self.buffers.take("dx", dy.shape, dy).copy_(dy)
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dx.add_(dy)


@dataclass(frozen=True)
class Shape:
    """What two nets must have in common to be stacked: kinds, shapes and settings of layers, and the loss."""

    layers: tuple[Hashable, ...]
    loss: Hashable
    dtype: torch.dtype
    device: torch.device


def shape_of(module: nn.Module, criterion: nn.Module) -> Shape | str:
    """Give a net's shape, or the reason why it can't be stacked, as the end of a sentence."""
    if type(module) is not Chain:
        return f"a model built as {type(module).__name__} is no chain of layers"
    found = list(_settings(module))
    if odd := _odd(found):
        return odd
    loss = LOSSES.get(type(criterion))
    if loss is None:
        return f"{type(criterion).__name__} has no stacked form"
    if not found or found[0][0] != "Linear":  # pyright: ignore
        return "its first layer is not linear"
    first = next(module.parameters())
    return _one(
        Shape(tuple(found), (type(criterion).__name__, loss.settings(criterion)), first.dtype, first.device)
    )


@cache
def _one(shape: Shape) -> Shape:
    """Give the same object for equal shapes, which are compared at each step."""
    return shape


def _odd(settings: Iterable[Hashable]) -> str | None:
    """Give the first reason among what layers have to share."""
    return next((each for each in settings if isinstance(each, str)), None)


def _settings(module: nn.Module) -> Iterator[Hashable]:
    for layer in leaves(module):
        if isinstance(layer, nn.Flatten):
            continue
        if isinstance(layer, Residual):
            inside = tuple(_settings(layer))
            yield _odd(inside) or ("Residual", inside)
            continue
        kind = _kind(layer)
        if kind is None:
            yield f"{type(layer).__name__} has no stacked form"
        else:
            yield type(layer).__name__, kind.settings(layer)


def _kind(layer: nn.Module) -> type[Layer[Any]] | None:
    # The type itself: what derives from it, as a parametrized layer does, computes something else.
    return next((kind for kind in LAYERS if type(layer) in _types(kind)), None)


def _types(kind: type[Layer[Any]]) -> tuple[type[nn.Module], ...]:
    return kind.serves if isinstance(kind.serves, tuple) else (kind.serves,)


def stack_layers(modules: Sequence[nn.Module]) -> list[Layer[Any]]:
    """Stack the layers of containers of one shape, in their order."""
    stacked: list[Layer[Any]] = []
    for same in zip(*(leaves(module) for module in modules), strict=True):
        if isinstance(same[0], Residual):
            stacked.append(Branch(same))  # pyright: ignore[reportArgumentType]
        elif kind := _kind(same[0]):
            stacked.append(kind(same))
    return stacked


class Stack:
    """K nets of one shape, with their losses."""

    def __init__(self, modules: Sequence[nn.Module], criteria: Sequence[nn.Module]) -> None:
        self.first, *self.layers = stack_layers(modules)
        self.loss: StackedLoss[Any] = LOSSES[type(criteria[0])](criteria)

    def outputs(self, xs: Sequence[Tensor], training: bool = False) -> Tensor:
        """Give what the nets answer to their samples. Shape: K times (N, ...) -> (K, N, outputs), a copy."""
        assert isinstance(self.first, Linear)
        x = self.first.forward([each if each.ndim == 2 else each.flatten(1) for each in xs], training)
        for layer in self.layers:
            x = layer.forward(x, training)
        return x.clone()  # the next batch is written over it

    def gradient(self, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> Tensor:
        """Fill the gradients that all parameters have of each net's loss; give the outputs.

        Shape: K times (N, ...), K times (N,) or (N, 1) -> (K, N, outputs).
        """
        outputs = self.outputs(xs, training=True)
        dy = self.loss.gradient(outputs, ys[0][None] if len(ys) == 1 else torch.stack(list(ys)))
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        assert isinstance(self.first, Linear)
        self.first.fill(dy)
        return outputs
