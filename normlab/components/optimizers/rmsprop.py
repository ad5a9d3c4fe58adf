from typing import TYPE_CHECKING, Any, Literal

from normlab.components.optimizers import DecayingOptimizer, Epsilon, LearningRate, Share

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class RMSprop(DecayingOptimizer, frozen=True):
    """Divide each gradient by the root of its recent mean square.

    v = alpha * v + (1 - alpha) * g^2, b = momentum * b + g / (sqrt(v) + eps), w = w - lr * b;
    centered takes sqrt(v - mean(g)^2), with a running mean of the same alpha.

    Source: Tieleman & Hinton 2012, Coursera, lecture 6.5; centered: Graves 2013, arXiv:1308.0850. Weight
    decay is L2.
    """

    kind: Literal["rmsprop"] = "rmsprop"
    lr: LearningRate = 0.01
    alpha: Share = 0.99
    """What the running mean of squared gradients keeps of itself at each step."""
    eps: Epsilon = 1e-8
    """Added to the divisor, so that a vanishing gradient does not divide by zero."""
    momentum: Share = 0.0
    """What the velocity keeps of itself at each step; 0 goes without one."""
    centered: bool = False
    """Divide by the deviation of recent gradients instead of their root mean square."""

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        return optim.RMSprop(
            groups, lr=self.lr, alpha=self.alpha, eps=self.eps, momentum=self.momentum, centered=self.centered
        )
