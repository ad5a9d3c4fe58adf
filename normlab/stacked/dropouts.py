"""Dropouts of K nets, each with a probability and draws of its own."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from normlab.layers.dropout import AlphaDropout as TorchAlphaDropout
from normlab.layers.dropout import Dropout as TorchDropout
from normlab.layers.dropout import DropPath
from normlab.stacked.activations import SELU_ALPHA, SELU_SCALE
from normlab.stacked.layer import Layer

# What SELU tends to far below 0.
_SELU_LOW = -SELU_SCALE * SELU_ALPHA


class Dropout(Layer[TorchDropout]):
    """y = factor * x with factor = kept / (1 - p); p = 0 and p = 1 draw nothing, as in the modules."""

    serves = (TorchDropout, DropPath)

    def __init__(self, modules: Sequence[TorchDropout]) -> None:
        super().__init__(modules)
        self._idle = all(module.p == 0 for module in modules)
        self._made: list[Tensor] = []

    def forward(self, x: Tensor, training: bool) -> Tensor:
        if not training or self._idle:
            return x
        kept = self.buffers.take("kept", (len(x), *self.modules[0].mask_shape(x[0])), x)
        for module, each in zip(self.modules, kept.unbind(), strict=True):
            if 0 < module.p < 1:
                module.draw(each, 1 - module.p)
            else:
                each.fill_(1 - module.p)
        return self.drop(x, kept, self.buffers.take("y", x.shape, x))

    def drop(self, x: Tensor, kept: Tensor, y: Tensor) -> Tensor:
        """Fill y with what becomes of x, and note the factor. `kept` (K, N, D) or (K, N, 1) is 0 or 1."""
        (keep,) = self.per_net(x)
        self._factor = kept.div_(keep)
        return torch.mul(x, self._factor, out=y)

    def numbers(self, p: float) -> tuple[float, ...]:
        """Give what `drop` needs of a probability."""
        return (1 - p or 1.0,)

    def per_net(self, like: Tensor) -> list[Tensor]:
        """Give each of the numbers for all nets: (K, 1, 1). Made once, for a CUDA graph can't record that."""
        if not self._made:
            of_nets = zip(*(self.numbers(module.p) for module in self.modules), strict=True)
            self._made = [like.new_tensor(numbers).view(-1, 1, 1) for numbers in of_nets]
        return self._made

    def backward(self, dy: Tensor) -> Tensor:
        return dy if self._idle else dy.mul_(self._factor)


class AlphaDropout(Dropout):
    """y = scale * (x where kept, SELU's lowest elsewhere) + shift, which keep mean 0 and variance 1."""

    serves = TorchAlphaDropout

    def drop(self, x: Tensor, kept: Tensor, y: Tensor) -> Tensor:
        scale, shift = self.per_net(x)
        # As sums and products: torch.where took 500 us for 65,000 values, because of its branches.
        torch.mul(kept, -_SELU_LOW, out=y).add_(_SELU_LOW)
        y.addcmul_(x, kept).mul_(scale).add_(shift)
        self._factor = kept.mul_(scale)
        return y

    def numbers(self, p: float) -> tuple[float, ...]:
        if p == 1:
            return 0.0, 0.0
        scale = ((1 - p) * (1 + p * _SELU_LOW**2)) ** -0.5
        return scale, -scale * p * _SELU_LOW


DROPOUTS: tuple[type[Layer[Any]], ...] = (Dropout, AlphaDropout)
