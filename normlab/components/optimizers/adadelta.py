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


class Adadelta(ElementwiseOptimizer, DecayingOptimizer, frozen=True):
    """Scale each gradient by the size of recent steps over the size of recent gradients.

    v = rho * v + (1 - rho) * g^2, d = sqrt(u + eps) / sqrt(v + eps) * g,
    u = rho * u + (1 - rho) * d^2, w = w - lr * d

    Source: Zeiler 2012, arXiv:1212.5701, which has no lr: 1 is its algorithm. Weight decay is L2.
    """

    kind: Literal["adadelta"] = "adadelta"
    lr: LearningRate = 1.0
    rho: Share = 0.9
    """What both running means of squares keep of themselves at each step."""
    eps: Epsilon = 1e-6
    """Added under both roots; it sets the size of the first steps."""

    def start(self, weights: "Tensor") -> "dict[str, Tensor]":
        return {
            "squares": weights.new_zeros(weights.shape),
            "squared_steps": weights.new_zeros(weights.shape),
        }

    def update(
        self, weights: "Tensor", grads: "Tensor", state: "dict[str, Tensor]", step: int, lr: float
    ) -> None:
        squares, squared_steps = state["squares"], state["squared_steps"]
        squares.mul_(self.rho).addcmul_(grads, grads, value=1 - self.rho)
        delta = squared_steps.add(self.eps).sqrt_().div_(squares.add(self.eps).sqrt_()).mul_(grads)
        squared_steps.mul_(self.rho).addcmul_(delta, delta, value=1 - self.rho)
        weights.add_(delta, alpha=-lr)
