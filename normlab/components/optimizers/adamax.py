from typing import TYPE_CHECKING, Any, Literal

from normlab.components.optimizers import AdaptiveOptimizer, LearningRate

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Adamax(AdaptiveOptimizer, frozen=True):
    """Adam with the largest recent gradient in place of the root mean square.

    m = beta1 * m + (1 - beta1) * g, u = max(beta2 * u, |g| + eps), w = w - lr * m / ((1 - beta1^t) * u)

    Source: Kingma & Ba 2015, arXiv:1412.6980, section 7.1; eps is torch's. Weight decay is L2.
    """

    kind: Literal["adamax"] = "adamax"
    lr: LearningRate = 0.002

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        return optim.Adamax(groups, lr=self.lr, betas=(self.beta1, self.beta2), eps=self.eps)
