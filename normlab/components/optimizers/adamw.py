from typing import ClassVar, Literal

from normlab.components.optimizers import AdaptiveOptimizer, DecoupledDecay, LearningRate


class AdamW(AdaptiveOptimizer, frozen=True):
    """Adam with weight decay of its own, beside the gradient's step instead of inside it.

    w = w * (1 - lr * weight_decay), then Adam's step on the bare gradient.

    Source: Loshchilov & Hutter 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101. Departure:
    the decay is multiplied by lr as well as by the schedule's factor, as is usual.
    """

    kind: Literal["adamw"] = "adamw"
    decouples_decay: ClassVar[bool] = True

    lr: LearningRate = 0.001
    weight_decay: DecoupledDecay = 0.01
