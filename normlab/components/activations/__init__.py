"""Activations: the pointwise non-linearities between layers."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from normlab.core.choice import Part

if TYPE_CHECKING:
    from torch import nn


class Activation(Part, frozen=True):
    """A pointwise non-linearity, configured."""

    @abstractmethod
    def build(self) -> "nn.Module":
        """Build the layer, which keeps any shape."""
