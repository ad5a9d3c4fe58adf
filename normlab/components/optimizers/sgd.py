from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationInfo, field_validator

from normlab.components.optimizers import DecayingOptimizer, LearningRate, Share, fused

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class SGD(DecayingOptimizer, frozen=True):
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

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        return optim.SGD(
            groups, lr=self.lr, momentum=self.momentum, nesterov=self.nesterov, fused=fused(groups)
        )
