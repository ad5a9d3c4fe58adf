from typing import TYPE_CHECKING, Any, Literal

from normlab.components.optimizers import DecayingOptimizer, Epsilon, LearningRate, Share

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Adadelta(DecayingOptimizer, frozen=True):
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

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        return optim.Adadelta(groups, lr=self.lr, rho=self.rho, eps=self.eps)
