from typing import TYPE_CHECKING, Literal

from normlab.components.inits import Init, zero_bias

if TYPE_CHECKING:
    from torch import nn


class Kaiming(Init, frozen=True):
    """weight ~ N(0, 2 / fan), bias = 0: keeps the signal's variance through ReLU layers.

    Source: He et al. 2015, Delving Deep into Rectifiers, arXiv:1502.01852, equations 10 and 14.
    """

    kind: Literal["kaiming"] = "kaiming"
    fan: Literal["in", "out"] = "in"
    """Keep the variance of activations on the way forward ("in"), or of gradients on the way back ("out")."""

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn import init

        mode = "fan_in" if self.fan == "in" else "fan_out"
        init.kaiming_normal_(layer.weight, mode=mode, nonlinearity="relu")
        zero_bias(layer)
