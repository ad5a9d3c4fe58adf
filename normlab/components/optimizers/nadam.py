from typing import TYPE_CHECKING, Any, Literal

from normlab.components.optimizers import AdaptiveOptimizer, LearningRate, Rate

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class NAdam(AdaptiveOptimizer, frozen=True):
    """Adam with Nesterov's look-ahead in place of plain momentum.

    mu_t = beta1 * (1 - 0.5 * 0.96^(t * momentum_decay)), m and v as Adam's,
    m_hat = mu_(t+1) * m / (1 - mu_1 ... mu_(t+1)) + (1 - mu_t) * g / (1 - mu_1 ... mu_t),
    w = w - lr * m_hat / (sqrt(v / (1 - beta2^t)) + eps)

    Source: Dozat 2016, Incorporating Nesterov Momentum into Adam, ICLR workshop. Weight decay is L2.
    """

    kind: Literal["nadam"] = "nadam"
    lr: LearningRate = 0.002
    momentum_decay: Rate = 0.004
    """How fast the momentum mu climbs from half of beta1 to beta1."""

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        return optim.NAdam(
            groups,
            lr=self.lr,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            momentum_decay=self.momentum_decay,
        )
