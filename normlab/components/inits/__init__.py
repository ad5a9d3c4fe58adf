"""Inits: how the weights of linear and convolution layers start."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from normlab.core.choice import Part

if TYPE_CHECKING:
    from torch import nn


class Init(Part, frozen=True):
    """An initialization of one layer, configured."""

    @abstractmethod
    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        """Fill the layer's weight and bias in place.

        Draws come from torch's global generator, which the engine seeds for each layer by its path.
        """
