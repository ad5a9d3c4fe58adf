from typing import TYPE_CHECKING, Literal

from normlab.components.activations import Activation

if TYPE_CHECKING:
    from torch import nn


class ReLU(Activation, frozen=True):
    """y = max(x, 0).

    Source: Nair & Hinton 2010, ICML.
    """

    kind: Literal["relu"] = "relu"

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.ReLU()
