from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.activations import Activation

if TYPE_CHECKING:
    from torch import nn


class LeakyReLU(Activation, frozen=True):
    """y = x where x > 0, slope * x elsewhere.

    Source: Maas, Hannun & Ng 2013, Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML.
    """

    kind: Literal["leaky_relu"] = "leaky_relu"
    slope: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Slope on the negative side: 0 is ReLU, 1 is the identity."""

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.LeakyReLU(self.slope)
