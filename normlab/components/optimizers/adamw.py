from typing import TYPE_CHECKING, Any, Literal

from normlab.components.optimizers import AdaptiveOptimizer, DecoupledDecay, LearningRate, fused

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class AdamW(AdaptiveOptimizer, frozen=True):
    """Adam with weight decay of its own, beside the gradient's step instead of inside it.

    w = w * (1 - lr * weight_decay), then Adam's step on the bare gradient.

    Source: Loshchilov & Hutter 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101. Departure:
    the decay is multiplied by lr as well as by the schedule's factor, as is usual.
    """

    kind: Literal["adamw"] = "adamw"
    lr: LearningRate = 0.001
    weight_decay: DecoupledDecay = 0.01

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        return optim.AdamW(
            groups, lr=self.lr, betas=(self.beta1, self.beta2), eps=self.eps, fused=fused(groups)
        )
