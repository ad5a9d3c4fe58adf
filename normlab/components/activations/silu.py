from typing import TYPE_CHECKING, Literal

from normlab.components.activations import Activation

if TYPE_CHECKING:
    from torch import nn


class SiLU(Activation, frozen=True):
    """y = x * sigmoid(x), also called swish.

    Source: Elfwing, Uchibe & Doya 2017, Sigmoid-Weighted Linear Units, arXiv:1702.03118.
    """

    kind: Literal["silu"] = "silu"

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.SiLU()
