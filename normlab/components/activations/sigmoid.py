from typing import TYPE_CHECKING, Literal

from normlab.components.activations import Activation

if TYPE_CHECKING:
    from torch import nn


class Sigmoid(Activation, frozen=True):
    """y = 1 / (1 + exp(-x)), between 0 and 1.

    Source: Rumelhart, Hinton & Williams 1986, Nature 323.
    """

    kind: Literal["sigmoid"] = "sigmoid"

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.Sigmoid()
