"""Norms: layers that centre or scale activations. The lab exists to compare them."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from normlab.core.choice import Part
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class Norm(Part, frozen=True):
    """A normalization layer, configured. Shapes leave the batch out: (D,) of a vector, (C, H, W) of maps."""

    cancels_bias: ClassVar[bool] = False
    """True where a constant added per channel in front of the norm vanishes in it."""

    @abstractmethod
    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        """Build the layer for activations of that shape."""

    @abstractmethod
    def num_parameters(self, shape: tuple[int, ...]) -> int:
        """Count the trainable numbers of the layer that `build` makes for that shape."""

    def problems(self, shape: tuple[int, ...], smallest_batch: int, path: str) -> Iterator[Problem]:
        """Yield what keeps this norm from working there.

        `smallest_batch` is the size of the smallest training batch that will come; `path` is this
        norm's own place among the settings.
        """
        yield from ()
