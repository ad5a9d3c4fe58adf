from typing import TYPE_CHECKING, Literal

from normlab.components.activations import Activation

if TYPE_CHECKING:
    from torch import nn


class SELU(Activation, frozen=True):
    """y = scale * x where x > 0, scale * alpha * (exp(x) - 1) elsewhere.

    scale = 1.0507 and alpha = 1.6733 make mean 0 and variance 1 a stable fixed point of deep nets whose
    weights start as LeCun normal and whose dropout is alpha dropout.

    Source: Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv:1706.02515, equation 2.
    """

    kind: Literal["selu"] = "selu"

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.SELU()
