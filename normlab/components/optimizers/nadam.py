from typing import TYPE_CHECKING, Literal

from normlab.components.optimizers import AdaptiveOptimizer, LearningRate, Rate

if TYPE_CHECKING:
    from torch import Tensor


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

    def start(self, weights: "Tensor") -> "dict[str, Tensor]":
        import torch

        # A number of the CPU's, so that reading it never waits for a device.
        return {**super().start(weights), "product": torch.ones((), dtype=torch.float64)}

    def update(
        self, weights: "Tensor", grads: "Tensor", state: "dict[str, Tensor]", step: int, lr: float
    ) -> None:
        mean = state["mean"].lerp_(grads, 1 - self.beta1)
        size = state["size"].mul_(self.beta2).addcmul_(grads, grads, value=1 - self.beta2)
        divisor = size.div(1 - self.beta2**step).sqrt_().add_(self.eps)
        mu, mu_next = self._mu(step), self._mu(step + 1)
        # No product exceeds its first factor, which is at most beta1: a damaged file's might.
        product = min(float(state["product"].mul_(mu)), self.beta1)
        weights.addcdiv_(grads, divisor, value=-lr * (1 - mu) / (1 - product))
        weights.addcdiv_(mean, divisor, value=-lr * mu_next / (1 - product * mu_next))

    def _mu(self, step: int) -> float:
        return self.beta1 * (1 - 0.5 * 0.96 ** (step * self.momentum_decay))
