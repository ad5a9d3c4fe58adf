from typing import TYPE_CHECKING, Literal

from normlab.components.optimizers import AdaptiveOptimizer, LearningRate

if TYPE_CHECKING:
    from torch import Tensor


class Adamax(AdaptiveOptimizer, frozen=True):
    """Adam with the largest recent gradient in place of the root mean square.

    m = beta1 * m + (1 - beta1) * g, u = max(beta2 * u, |g| + eps), w = w - lr * m / ((1 - beta1^t) * u)

    Source: Kingma & Ba 2015, arXiv:1412.6980, section 7.1; eps is torch's. Weight decay is L2.
    """

    kind: Literal["adamax"] = "adamax"
    lr: LearningRate = 0.002

    def update(
        self, weights: "Tensor", grads: "Tensor", state: "dict[str, Tensor]", step: int, lr: float
    ) -> None:
        import torch

        mean, largest = state["mean"].lerp_(grads, 1 - self.beta1), state["size"]
        torch.maximum(largest.mul_(self.beta2), grads.abs().add_(self.eps), out=largest)
        weights.addcdiv_(mean, largest, value=-lr / (1 - self.beta1**step))
