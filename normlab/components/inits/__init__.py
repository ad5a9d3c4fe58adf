"""Inits: how the weights of linear and convolution layers start."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from normlab.core.choice import Part

if TYPE_CHECKING:
    from torch import nn


# Some parametrizations divide by a weight's norm: its squares must not vanish in float32.
Scale = Annotated[float, Field(ge=1e-12, le=1000)]


class Init(Part, frozen=True):
    """An initialization of one layer, configured.

    fan_in counts the inputs that each output is made of, and fan_out the outputs that each input goes
    into: the sizes of a linear layer, channels * kernel area of a convolution.
    """

    all_zero: ClassVar[bool] = False
    """True where every weight starts at 0."""

    @abstractmethod
    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        """Fill the layer's weight and bias in place.

        Draws come from torch's global generator, which the engine seeds for each layer by its path.
        """


def zero_bias(layer: "nn.Linear | nn.Conv2d") -> None:
    """Set the layer's bias to 0, where it has one: what every init does but torch's own."""
    from torch.nn import init

    if layer.bias is not None:  # pyright: ignore[reportUnnecessaryComparison]
        init.zeros_(layer.bias)
