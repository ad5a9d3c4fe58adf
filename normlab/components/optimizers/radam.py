from typing import TYPE_CHECKING, Any, Literal

from normlab.components.optimizers import AdaptiveOptimizer, LearningRate

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


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

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        return optim.RAdam(groups, lr=self.lr, betas=(self.beta1, self.beta2), eps=self.eps)
