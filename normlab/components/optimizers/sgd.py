from typing import TYPE_CHECKING, Literal

from pydantic import ValidationInfo, field_validator

from normlab.components.optimizers import DecayingOptimizer, ElementwiseOptimizer, LearningRate, Share

if TYPE_CHECKING:
    from torch import Tensor


class SGD(ElementwiseOptimizer, DecayingOptimizer, frozen=True):
    """Stochastic gradient descent, with momentum if wanted.

    v = momentum * v + g, w = w - lr * v; with Nesterov momentum w = w - lr * (g + momentum * v).

    Source: Robbins & Monro 1951, Annals of Mathematical Statistics 22; Sutskever et al. 2013, ICML, for the
    momentum. Departure: lr multiplies v instead of g, so that a schedule acts on the whole velocity.
    """

    kind: Literal["sgd"] = "sgd"
    lr: LearningRate = 0.1
    momentum: Share = 0.0
    """What the velocity keeps of itself at each step; 0 is plain gradient descent, 0.9 is customary."""
    nesterov: bool = False
    """Look ahead along the velocity; needs momentum."""

    @field_validator("nesterov")
    @classmethod
    def _needs_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and info.data.get("momentum") == 0:
            raise ValueError("needs momentum; set momentum above 0, 0.9 say")
        return nesterov

    def start(self, weights: "Tensor") -> "dict[str, Tensor]":
        return {"velocity": weights.new_zeros(weights.shape)} if self.momentum else {}

    def update(
        self, weights: "Tensor", grads: "Tensor", state: "dict[str, Tensor]", step: int, lr: float
    ) -> None:
        if not self.momentum:
            weights.add_(grads, alpha=-lr)
            return
        velocity = state["velocity"].mul_(self.momentum).add_(grads)
        weights.add_(grads.add(velocity, alpha=self.momentum) if self.nesterov else velocity, alpha=-lr)
