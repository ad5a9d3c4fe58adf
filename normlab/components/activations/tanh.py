from typing import TYPE_CHECKING, Literal

from normlab.components.activations import Activation

if TYPE_CHECKING:
    from torch import nn


class Tanh(Activation, frozen=True):
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x)), between -1 and 1.

    Source: LeCun et al. 1998, Efficient BackProp, section 4.4.
    """

    kind: Literal["tanh"] = "tanh"

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.Tanh()
