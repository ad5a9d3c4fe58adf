"""Losses of several nets at once: their gradients, for their values are the engine's to measure."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, Generic

import torch
from torch import Tensor, nn

from normlab.layers.binary_cross_entropy import BinaryCrossEntropy as TorchBinaryCrossEntropy
from normlab.stacked.layer import Buffers, Module, shares


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
    def gradient(self, output: Tensor, target: Tensor) -> Tensor:
        """Give the gradient of each net's mean loss, which may be written over.

        Shape: (K, N, O), (K, N) of classes or (K, N, 1) of values -> (K, N, O).
        """


class CrossEntropy(StackedLoss[nn.CrossEntropyLoss]):
    """Of the mean over samples of log(sum_c exp(output_c)) - sum_c q_c * output_c, with the smoothed targets
    q_c = (1 - smoothing) * [c = target] + smoothing / C, the gradient is (softmax(output) - q) / N.
    """

    @classmethod
    def settings(cls, criterion: nn.CrossEntropyLoss) -> Hashable:
        return criterion.label_smoothing

    def gradient(self, output: Tensor, target: Tensor) -> Tensor:
        num_nets, num_samples, num_classes = output.shape
        # Classes in front of samples: over the last dimension, softmax takes up to 20 times as long.
        z = self.buffers.take("z", (num_nets, num_classes, num_samples), output)
        p = self.buffers.take("p", z.shape, output)
        z.copy_(output.transpose(1, 2))
        for each, into in shares(z, p):
            torch.softmax(each, 1, out=into)
        smoothing = self.criterion.label_smoothing
        if smoothing:
            p.sub_(smoothing / num_classes)
        classes = target[:, None]
        p.scatter_add_(1, classes, p.new_full((1, 1, 1), smoothing - 1).expand_as(classes))
        dy = self.buffers.take("dy", output.shape, output)
        return torch.mul(p.transpose(1, 2), 1 / num_samples, out=dy)


class BinaryCrossEntropy(StackedLoss[TorchBinaryCrossEntropy]):
    """Of the mean of (1 - target) * output - log(sigmoid(output)), it is (sigmoid(output) - target) / N."""

    def gradient(self, output: Tensor, target: Tensor) -> Tensor:
        dy = self.buffers.take("dy", output.shape, output)
        for logits, results in shares(output, dy):
            torch.sigmoid(logits, out=results)
        return dy.sub_(target[..., None]).mul_(1 / dy.shape[1])


class MeanSquaredError(StackedLoss[nn.MSELoss]):
    """Of the mean of (output - target)^2, it is 2 * (output - target) / (N * O)."""

    def gradient(self, output: Tensor, target: Tensor) -> Tensor:
        dy = torch.sub(output, target, out=self.buffers.take("dy", output.shape, output))
        return dy.mul_(2 / dy[0].numel())


LOSSES: dict[type[nn.Module], type[StackedLoss[Any]]] = {
    nn.CrossEntropyLoss: CrossEntropy,
    TorchBinaryCrossEntropy: BinaryCrossEntropy,
    nn.MSELoss: MeanSquaredError,
}
