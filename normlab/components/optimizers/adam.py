from typing import Literal

from normlab.components.optimizers import AdaptiveOptimizer, LearningRate


class Adam(AdaptiveOptimizer, frozen=True):
    """Steps of about lr per weight, whatever the gradient's scale.

    m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g^2,
    w = w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps), at step t = 1, 2, ...

    Source: Kingma & Ba 2015, arXiv:1412.6980. Its weight decay is L2: the penalty passes through m and v,
    and so acts least on weights with large gradients; AdamW's doesn't.
    """

    kind: Literal["adam"] = "adam"
    lr: LearningRate = 0.001
