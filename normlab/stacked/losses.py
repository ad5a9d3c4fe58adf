"""Losses of several nets at once."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, Generic

import torch
from torch import Tensor, nn
from torch.nn import functional

from normlab.layers.binary_cross_entropy import BinaryCrossEntropy as TorchBinaryCrossEntropy
from normlab.stacked.layer import Buffers, Module, add_up, shares


class StackedLoss(ABC, Generic[Module]):
    """The same loss of K nets."""

    def __init__(self, criteria: Sequence[Module]) -> None:
        self.criterion = criteria[0]
        self.buffers = Buffers()

    @classmethod
    def settings(cls, criterion: Module) -> Hashable:
        """Give what must be the same in all nets that are stacked."""
        return ()

    @abstractmethod
    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Give each net's mean loss, in a tensor of its own.

        Shape: (K, N, O), (K, N) of classes or (K, N, 1) of values -> (K,).
        """

    @abstractmethod
    def backward(self) -> Tensor:
        """Give the gradient of each mean loss of the last `forward`: (K, N, O), which may be written over."""


class CrossEntropy(StackedLoss[nn.CrossEntropyLoss]):
    """Mean over samples of log(sum_c exp(output_c)) - sum_c q_c * output_c, with the smoothed targets
    q_c = (1 - smoothing) * [c = target] + smoothing / C; its gradient is (softmax(output) - q) / N.
    """

    @classmethod
    def settings(cls, criterion: nn.CrossEntropyLoss) -> Hashable:
        return criterion.label_smoothing

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        # Classes in front of samples: over the last dimension, log_softmax takes up to 20 times as long.
        z = self.buffers.take("z", (len(output), output.shape[2], output.shape[1]), output)
        log_p = self.buffers.take("log_p", z.shape, output)
        z.copy_(output.transpose(1, 2))
        for each, into in shares(z, log_p):
            torch.log_softmax(each, 1, out=into)
        self._log_p, self._classes = log_p, target[:, None]
        smoothing = self.criterion.label_smoothing
        losses = log_p.gather(1, self._classes).mul_(smoothing - 1)
        if smoothing:
            losses.sub_(log_p.sum(1, True), alpha=smoothing / output.shape[2])
        return _means(losses)

    def backward(self) -> Tensor:
        smoothing = self.criterion.label_smoothing
        difference = self._log_p  # which becomes softmax(output) - q
        for (each,) in shares(difference):
            each.exp_()
        if smoothing:
            difference.sub_(smoothing / difference.shape[1])
        less = difference.new_full((1, 1, 1), smoothing - 1).expand_as(self._classes)
        difference.scatter_add_(1, self._classes, less)
        dy = self.buffers.take("dy", (len(difference), difference.shape[2], difference.shape[1]), difference)
        return torch.mul(difference.transpose(1, 2), 1 / difference.shape[2], out=dy)


class BinaryCrossEntropy(StackedLoss[TorchBinaryCrossEntropy]):
    """Mean of (1 - target) * output - log(sigmoid(output)).

    Its gradient is (sigmoid(output) - target) / N.
    """

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        self._output, self._target = output, target[..., None].to(output.dtype)
        losses = self.buffers.take("losses", output.shape, output)
        for logits, results in shares(output, losses):
            torch.neg(functional.logsigmoid(logits), out=results)
        return _means(losses.add_(output).sub_(output * self._target))

    def backward(self) -> Tensor:
        dy = self.buffers.take("dy", self._output.shape, self._output)
        for logits, results in shares(self._output, dy):
            torch.sigmoid(logits, out=results)
        return dy.sub_(self._target).mul_(1 / dy.shape[1])


class MeanSquaredError(StackedLoss[nn.MSELoss]):
    """Mean of (output - target)^2; its gradient is 2 * (output - target) / (N * O)."""

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        self._error = torch.sub(output, target, out=self.buffers.take("error", output.shape, output))
        return _means(torch.square(self._error))

    def backward(self) -> Tensor:
        return self._error.mul_(2 / self._error[0].numel())


def _means(values: Tensor) -> Tensor:
    """Give each net's mean: (K, N, O) -> (K,)."""
    num_nets, num_samples, num_outputs = values.shape
    total = add_up(values.view(num_nets, 1, -1), 2, values.new_empty(num_nets, 1, 1))
    return total.div_(num_samples * num_outputs).view(-1)


LOSSES: dict[type[nn.Module], type[StackedLoss[Any]]] = {
    nn.CrossEntropyLoss: CrossEntropy,
    TorchBinaryCrossEntropy: BinaryCrossEntropy,
    nn.MSELoss: MeanSquaredError,
}
