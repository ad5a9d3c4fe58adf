"""What every stacked layer is: forward, backward, and buffers that keep nets apart."""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

# The values that torch's vector kernels take at once divide this: where each net begins at a multiple of it,
# the rest that they leave to slower code, with other last bits, is each net's own, whatever stands beside it.
_LANES = 64

Module = TypeVar("Module", bound=nn.Module)


class Buffers:
    """Memory that a layer writes its results into, made once for each shape and kind of result."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Tensor] = {}

    def take(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor:
        """Give the buffer of that name and shape (K, ...), of `like`'s type and device; values are old."""
        key = (name, *shape)
        if (found := self._made.get(key)) is None:
            found = self._made[key] = apart(shape, like)
        return found


def apart(shape: Sequence[int], like: Tensor) -> Tensor:
    """Make a tensor (K, ...) in which each net begins at an address of its own, rounded up."""
    num_nets, *rest = shape
    values = math.prod(rest)
    width = -(-values // _LANES) * _LANES
    # Zeros: what lies between two nets is never read, but a first read of old memory may be NaN and slow.
    rows = torch.zeros(num_nets, width, dtype=like.dtype, device=like.device)
    return rows[:, :values].view(shape)


def shares(*tensors: Tensor) -> Iterable[tuple[Tensor, ...]]:
    """Give what one call may compute of tensors (K, ...): all nets, but with several threads each by itself.

    Threads part the work of a call by its size, and where one begins or ends, some operations give other last
    bits: those that take exponentials, and sums to a single value.
    """
    if torch.get_num_threads() == 1:
        return (tensors,)
    return zip(*(tensor.split(1) for tensor in tensors), strict=True)


def add_up(values: Tensor, dim: int, out: Tensor) -> Tensor:
    """Fill `out` with the sums over a dimension, which stays with length 1."""
    for each, into in shares(values, out):
        torch.sum(each, dim, True, out=into)
    return out


class Layer(ABC, Generic[Module]):
    """The same layer of K nets, made of their torch modules, whose parameters have a `grad` to be filled.

    The modules stay the owners: a layer reads and writes what is theirs, and keeps only what `backward` needs
    of the last `forward` in training mode.
    """

    serves: ClassVar[type[nn.Module] | tuple[type[nn.Module], ...]]
    """The torch modules that this is the stacked form of."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = modules
        self.buffers = Buffers()

    @classmethod
    def settings(cls, module: Module) -> Hashable:
        """Give what must be the same in all nets that are stacked, shapes of parameters apart."""
        return ()

    @abstractmethod
    def forward(self, x: Tensor, training: bool) -> Tensor:
        """Compute the outputs, which stay until the next call of that shape.

        Shape: (K, N, D) -> (K, N, D').
        """

    @abstractmethod
    def backward(self, dy: Tensor) -> Tensor:
        """Fill the parameters' gradients, and give that of the inputs, for the last training `forward`.

        `dy` may be written over. Shape: that of the outputs -> that of the inputs.
        """


class SideBySide:
    """A running statistic or parameter of each net, K times (D,), read as one tensor (K, 1, D)."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = [tensor.detach() for tensor in tensors]
        first = self._tensors[0]
        alone = len(tensors) == 1
        self.values = first[None, None] if alone else apart((len(tensors), 1, *first.shape), first)
        """Up to date after `read`."""
        self._copies = [] if alone else parts(self.values)

    def read(self) -> Tensor:
        if self._copies:
            copy_each(self._tensors, self._copies)
        return self.values


class Parameter(SideBySide):
    """A parameter of each net, and its gradient."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        super().__init__(parameters)
        self._grads = gradients(parameters)
        alone = len(parameters) == 1
        self.gradient = self._grads[0][None, None] if alone else apart(self.values.shape, self.values)
        """To be written before `fill`."""
        self._parts = [] if alone else parts(self.gradient)

    def fill(self, sums: Sequence[Tensor] = ()) -> None:
        """Fill the parameters' own gradients, from `gradient` or from K tensors (D,)."""
        if sources := sums or self._parts:
            copy_each(sources, self._grads)


def parts(values: Tensor) -> list[Tensor]:
    """Give each net's part of a buffer: (K, 1, D) -> K times (D,). Making views takes time: keep them."""
    return [each.view(-1) for each in values]


def copy_each(sources: Sequence[Tensor], into: Sequence[Tensor]) -> None:
    """Copy each tensor into its counterpart."""
    # A loop takes 7.7 us for eight nets, this takes 3.1 us.
    torch._foreach_copy_(list(into), list(sources))  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]


def gradients(parameters: Sequence[Tensor]) -> list[Tensor]:
    """Give the tensors that the gradients of parameters are written into."""
    found = [parameter.grad for parameter in parameters]
    assert all(grad is not None for grad in found), "the engine makes them"
    return [grad for grad in found if grad is not None]
