"""Linear layers: one product of matrices for each net."""

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor, nn

from normlab.stacked.layer import Layer, gradients
from normlab.stacked.product import multiply


class Linear(Layer[nn.Linear]):
    """y = x @ weight.T + bias, net by net: of nets stacked in one call, the last bits could differ."""

    serves = nn.Linear

    def __init__(self, modules: Sequence[nn.Linear]) -> None:
        super().__init__(modules)
        self.weights = [module.weight.detach() for module in modules]
        biases = [_bias(module) for module in modules]
        self.biases = [None if bias is None else bias.detach() for bias in biases]
        self.weight_grads = gradients([module.weight for module in modules])
        self.bias_grads = gradients([bias for bias in biases if bias is not None])
        self._x: Sequence[Tensor] = ()

    @classmethod
    def settings(cls, module: nn.Linear) -> Hashable:
        return module.in_features, module.out_features, _bias(module) is not None

    def forward(self, x: Tensor | Sequence[Tensor], training: bool) -> Tensor:
        """As every layer's; the first layer of a net takes the samples as K times (N, D)."""
        inputs = x if isinstance(x, Sequence) else x.unbind()
        y = self.buffers.take("y", (len(inputs), len(inputs[0]), len(self.weights[0])), inputs[0])
        for each, weight, bias, out in zip(inputs, self.weights, self.biases, y.unbind(), strict=True):
            multiply(each, weight.t(), out, bias)
        if training:
            self._x = inputs
        return y

    def backward(self, dy: Tensor) -> Tensor:
        dx = self.buffers.take("dx", (*dy.shape[:2], self.weights[0].shape[1]), dy)
        self.fill(dy)
        for each, weight, out in zip(dy.unbind(), self.weights, dx.unbind(), strict=True):
            multiply(each, weight, out)
        return dx

    def fill(self, dy: Tensor) -> None:
        """Fill the gradients of weights and biases alone: below the first layer nobody asks for more."""
        for each, x, out in zip(dy.unbind(), self._x, self.weight_grads, strict=True):
            multiply(each.t(), x, out)
        for each, out in zip(dy.unbind(), self.bias_grads, strict=False):
            torch.sum(each, 0, out=out)


def _bias(module: nn.Linear) -> Tensor | None:
    return module.bias  # whose declared type leaves out that there may be none
