"""Activations of K nets, with torch's own backward operations."""

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from normlab.stacked.layer import Layer, Module, shares

_aten = torch.ops.aten
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
_SELU = SELU_ALPHA, SELU_SCALE, 1.0


class Activation(Layer[Module]):
    """A function of single values; `backward` needs its results, or its inputs where `from_inputs`."""

    from_inputs: ClassVar[bool] = False

    def forward(self, x: Tensor, training: bool) -> Tensor:
        y = self.buffers.take("y", x.shape, x)
        for inputs, results in shares(x, y):
            self.compute(inputs, results)
        if training:
            self._kept = x if self.from_inputs else y
        return y

    def backward(self, dy: Tensor) -> Tensor:
        for gradients, kept in shares(dy, self._kept):
            self.derive(gradients, kept)
        return dy

    @abstractmethod
    def compute(self, x: Tensor, y: Tensor) -> None:
        """Fill y with the results of x."""

    @abstractmethod
    def derive(self, dy: Tensor, kept: Tensor) -> None:
        """Turn dy, in place, into the gradient of the inputs."""


class ReLU(Activation[nn.ReLU]):
    """max(x, 0)."""

    serves = nn.ReLU

    def compute(self, x: Tensor, y: Tensor) -> None:
        torch.clamp_min(x, 0, out=y)

    def derive(self, dy: Tensor, kept: Tensor) -> None:
        _aten.threshold_backward.grad_input(dy, kept, 0, grad_input=dy)


class LeakyReLU(Activation[nn.LeakyReLU]):
    """x where it is positive, slope * x elsewhere."""

    serves = nn.LeakyReLU
    from_inputs = True  # with a slope of 0 the results don't tell

    @classmethod
    def settings(cls, module: nn.LeakyReLU) -> Hashable:
        return module.negative_slope

    def compute(self, x: Tensor, y: Tensor) -> None:
        _aten.leaky_relu.out(x, self.modules[0].negative_slope, out=y)

    def derive(self, dy: Tensor, kept: Tensor) -> None:
        slope = self.modules[0].negative_slope
        _aten.leaky_relu_backward.grad_input(dy, kept, slope, False, grad_input=dy)


class GELU(Activation[nn.GELU]):
    """x * P(Z < x) for a standard normal Z, or its approximation by tanh."""

    serves = nn.GELU
    from_inputs = True

    @classmethod
    def settings(cls, module: nn.GELU) -> Hashable:
        return module.approximate

    def compute(self, x: Tensor, y: Tensor) -> None:
        # Net by net: whether all their values lie without gaps decides which of two kernels torch takes.
        for each, out in zip(x.unbind(), y.unbind(), strict=True):
            _aten.gelu.out(each, approximate=self.modules[0].approximate, out=out)

    def derive(self, dy: Tensor, kept: Tensor) -> None:
        form = self.modules[0].approximate
        for each, x in zip(dy.unbind(), kept.unbind(), strict=True):
            _aten.gelu_backward.grad_input(each, x, approximate=form, grad_input=each)


class SiLU(Activation[nn.SiLU]):
    """x * sigmoid(x)."""

    serves = nn.SiLU
    from_inputs = True

    def compute(self, x: Tensor, y: Tensor) -> None:
        _aten.silu.out(x, out=y)

    def derive(self, dy: Tensor, kept: Tensor) -> None:
        _aten.silu_backward.grad_input(dy, kept, grad_input=dy)


class Tanh(Activation[nn.Tanh]):
    """tanh(x)."""

    serves = nn.Tanh

    def compute(self, x: Tensor, y: Tensor) -> None:
        torch.tanh(x, out=y)

    def derive(self, dy: Tensor, kept: Tensor) -> None:
        _aten.tanh_backward.grad_input(dy, kept, grad_input=dy)


class Sigmoid(Activation[nn.Sigmoid]):
    """1 / (1 + exp(-x))."""

    serves = nn.Sigmoid

    def compute(self, x: Tensor, y: Tensor) -> None:
        torch.sigmoid(x, out=y)

    def derive(self, dy: Tensor, kept: Tensor) -> None:
        _aten.sigmoid_backward.grad_input(dy, kept, grad_input=dy)


class SELU(Activation[nn.SELU]):
    """scale * x where it is positive, scale * alpha * (exp(x) - 1) elsewhere."""

    serves = nn.SELU

    def compute(self, x: Tensor, y: Tensor) -> None:
        _aten.elu.out(x, *_SELU, out=y)

    def derive(self, dy: Tensor, kept: Tensor) -> None:
        _aten.elu_backward.grad_input(dy, *_SELU, True, kept, grad_input=dy)


ACTIVATIONS: tuple[type[Layer[Any]], ...] = (ReLU, LeakyReLU, GELU, SiLU, Tanh, Sigmoid, SELU)
