from typing import TYPE_CHECKING, Literal

from normlab.components.optimizers import (
    DecayingOptimizer,
    ElementwiseOptimizer,
    Epsilon,
    LearningRate,
    Share,
)

if TYPE_CHECKING:
    from torch import Tensor


class RMSprop(ElementwiseOptimizer, DecayingOptimizer, frozen=True):
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

    def start(self, weights: "Tensor") -> "dict[str, Tensor]":
        names = ["squares", *["mean"] * self.centered, *["velocity"] * (self.momentum > 0)]
        return {name: weights.new_zeros(weights.shape) for name in names}

    def update(
        self, weights: "Tensor", grads: "Tensor", state: "dict[str, Tensor]", step: int, lr: float
    ) -> None:
        divisor = state["squares"].mul_(self.alpha).addcmul_(grads, grads, value=1 - self.alpha)
        if self.centered:
            mean = state["mean"].lerp_(grads, 1 - self.alpha)
            divisor = divisor.addcmul(mean, mean, value=-1)
        divisor = divisor.sqrt().add_(self.eps)
        if self.momentum:
            weights.add_(state["velocity"].mul_(self.momentum).addcdiv_(grads, divisor), alpha=-lr)
        else:
            weights.addcdiv_(grads, divisor, value=-lr)
