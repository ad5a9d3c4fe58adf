"""Norms over the values of each sample: layer, group and RMS norm, of K nets."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn

from normlab.layers.rms_norm import RMSNorm as TorchRMSNorm
from normlab.stacked.affine import Affine
from normlab.stacked.layer import Layer, add_up, apart
from normlab.stacked.standardized import Standardized

N = TypeVar("N", nn.LayerNorm, nn.GroupNorm, TorchRMSNorm)


class _SampleNorm(Layer[N]):
    """Standardize the values of a sample, or of each group of them; each value has its own weight."""

    centred: ClassVar[bool] = True

    def __init__(self, modules: Sequence[N]) -> None:
        super().__init__(modules)
        self._affine = Affine(modules)
        self._batches: dict[torch.Size, _Batch] = {}

    def view(self, x: Tensor) -> Tensor:
        """Give the values that are standardized together a dimension of their own, the last."""
        return x

    def forward(self, x: Tensor, training: bool) -> Tensor:
        batch = self._batches.get(x.shape)
        if batch is None:
            batch = self._batches[x.shape] = _Batch(x, self)
        if training:
            self._batch = batch
        batch.values.forward(self.view(x))
        return self._affine.forward(batch.x_hat, batch.y)

    def backward(self, dy: Tensor) -> Tensor:
        batch, weight, bias = self._batch, self._affine.weight, self._affine.bias
        if bias:
            add_up(dy, 1, bias.gradient)
            bias.fill()
        if weight:
            # y is written over: nobody reads it any more.
            add_up(torch.mul(dy, batch.x_hat, out=batch.y), 1, weight.gradient)
            weight.fill()
            dy.mul_(weight.values)
        batch.values.backward(self.view(dy))
        return dy


class _Batch:
    """Buffers for batches of one shape."""

    def __init__(self, x: Tensor, norm: _SampleNorm[N]) -> None:
        self.x_hat, self.y = apart(x.shape, x), apart(x.shape, x)
        eps = norm.modules[0].eps
        assert eps is not None
        self.values = Standardized(norm.view(self.x_hat), norm.view(self.y), -1, eps, norm.centred)


class LayerNorm(_SampleNorm[nn.LayerNorm]):
    """Standardize each sample over its values."""

    serves = nn.LayerNorm

    @classmethod
    def settings(cls, module: nn.LayerNorm) -> Hashable:
        return module.eps, module.elementwise_affine


class GroupNorm(_SampleNorm[nn.GroupNorm]):
    """Standardize each sample over groups of its values."""

    serves = nn.GroupNorm

    @classmethod
    def settings(cls, module: nn.GroupNorm) -> Hashable:
        return module.num_groups, module.eps, module.affine

    def view(self, x: Tensor) -> Tensor:
        groups = self.modules[0].num_groups
        return x.view(*x.shape[:2], groups, x.shape[2] // groups)


class RMSNorm(_SampleNorm[TorchRMSNorm]):
    """Divide each sample by the root of its mean square."""

    serves = TorchRMSNorm
    centred = False

    @classmethod
    def settings(cls, module: TorchRMSNorm) -> Hashable:
        return module.eps, module.elementwise_affine
