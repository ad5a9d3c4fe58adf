from typing import TYPE_CHECKING, Literal

from normlab.components.inits import Init, zero_bias

if TYPE_CHECKING:
    from torch import nn


class LeCunNormal(Init, frozen=True):
    """weight ~ N(0, 1 / fan_in), bias = 0: keeps the variance through linear layers, and suits SELU.

    Source: LeCun et al. 1998, Efficient BackProp, equation 16; Klambauer et al. 2017, arXiv:1706.02515.
    """

    kind: Literal["lecun_normal"] = "lecun_normal"

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn import init

        # The gain of "linear" is 1.
        init.kaiming_normal_(layer.weight, nonlinearity="linear")
        zero_bias(layer)
