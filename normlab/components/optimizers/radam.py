import math
from typing import TYPE_CHECKING, Literal

from normlab.components.optimizers import AdaptiveOptimizer, LearningRate

if TYPE_CHECKING:
    from torch import Tensor


class RAdam(AdaptiveOptimizer, frozen=True):
    """Adam that waits with dividing until its estimate of the gradients' size can be trusted.

    rho_inf = 2 / (1 - beta2) - 1, rho = rho_inf - 2 * t * beta2^t / (1 - beta2^t); m and v as Adam's.
    While rho <= 5: w = w - lr * m / (1 - beta1^t). After that Adam's step times
    r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)): a warm-up built in.

    Source: Liu et al. 2020, On the Variance of the Adaptive Learning Rate and Beyond, arXiv:1908.03265.
    Departures, torch's: it divides from rho > 5 instead of 4, and adds eps. Weight decay is L2.
    """

    kind: Literal["radam"] = "radam"
    lr: LearningRate = 0.001

    def update(
        self, weights: "Tensor", grads: "Tensor", state: "dict[str, Tensor]", step: int, lr: float
    ) -> None:
        mean = state["mean"].lerp_(grads, 1 - self.beta1)
        size = state["size"].mul_(self.beta2).addcmul_(grads, grads, value=1 - self.beta2)
        rate = lr / (1 - self.beta1**step)
        kept = self.beta2**step
        most = 2 / (1 - self.beta2) - 1
        rho = most - 2 * step * kept / (1 - kept)
        if rho <= 5:
            weights.add_(mean, alpha=-rate)
            return
        r = math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))
        weights.addcdiv_(mean, size.sqrt().add_(self.eps), value=-rate * r * math.sqrt(1 - kept))
