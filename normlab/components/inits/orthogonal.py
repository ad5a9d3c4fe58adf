from typing import TYPE_CHECKING, Literal

from normlab.components.inits import Init, Scale, zero_bias

if TYPE_CHECKING:
    from torch import nn


class Orthogonal(Init, frozen=True):
    """weight = gain * a random matrix with orthonormal rows or columns, bias = 0.

    A kernel counts as a matrix (channels, fan_in). With gain 1 a square linear layer keeps every length.

    Source: Saxe, McClelland & Ganguli 2013, arXiv:1312.6120.
    """

    kind: Literal["orthogonal"] = "orthogonal"
    gain: Scale = 1.0
    """Every singular value of the weight; sqrt(2) suits ReLU."""

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn import init

        init.orthogonal_(layer.weight, self.gain)
        zero_bias(layer)
