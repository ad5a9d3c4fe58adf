"""Parametrizations: norms that act on a layer's weight instead of its activations."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from normlab.core.choice import Part
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class Parametrization(Part, frozen=True):
    """A way to compute the weight of a hidden linear or convolution layer from what is trained.

    A weight counts as a matrix here, with a row per output: (outputs, fan_in).
    """

    divides_by_size: ClassVar[bool] = False
    """True for one that divides by the size of the weights, so that they can't start at 0."""

    @abstractmethod
    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        """Register the parametrization on the layer's weight, after its initialization."""

    def extra_parameters(self, num_outputs: int) -> int:
        """Count the trainable numbers that come on top of the weight's own."""
        return 0

    def problems(self, fan_in: int, path: str) -> Iterator[Problem]:
        """Yield what keeps it from working on rows of `fan_in` weights; `path` is its place."""
        yield from ()
