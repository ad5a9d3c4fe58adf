"""Dynamic tanh of K nets."""

from collections.abc import Sequence

import torch
from torch import Tensor

from normlab.layers.dyt import DyT as TorchDyT
from normlab.stacked.layer import Layer, Parameter, add_up


class DyT(Layer[TorchDyT]):
    """y = weight * t + bias with t = tanh(alpha * x), and one alpha for each net."""

    serves = TorchDyT

    def __init__(self, modules: Sequence[TorchDyT]) -> None:
        super().__init__(modules)
        self._alpha = Parameter([module.alpha for module in modules])
        self._weight = Parameter([module.weight for module in modules])
        self._bias = Parameter([module.bias for module in modules])

    def forward(self, x: Tensor, training: bool) -> Tensor:
        t = torch.mul(x, self._alpha.read(), out=self.buffers.take("t", x.shape, x)).tanh_()
        if training:
            self._x, self._t = x, t
        y = self.buffers.take("y", x.shape, x)
        return torch.addcmul(self._bias.read(), t, self._weight.read(), out=y)

    def backward(self, dy: Tensor) -> Tensor:
        each = self.buffers.take("each", dy.shape, dy)
        add_up(dy, 1, self._bias.gradient)
        add_up(torch.mul(dy, self._t, out=each), 1, self._weight.gradient)
        dy.mul_(self._weight.values)
        torch.ops.aten.tanh_backward.grad_input(dy, self._t, grad_input=dy)
        sums = self.buffers.take("sums", (len(dy), 1, dy.shape[2]), dy)
        add_up(torch.mul(dy, self._x, out=each), 1, sums)
        add_up(sums, 2, self._alpha.gradient)
        for parameter in (self._alpha, self._weight, self._bias):
            parameter.fill()
        return dy.mul_(self._alpha.values)
