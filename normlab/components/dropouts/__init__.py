"""Dropouts: layers that zero a random share of activations while training."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from normlab.core.choice import Part
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn

Probability = Annotated[float, Field(ge=0, le=1)]


class Dropout(Part, frozen=True):
    """A dropout, configured. Shapes leave the batch out: (D,) of a vector, (C, H, W) of maps."""

    on_branch: ClassVar[bool] = False
    """True for one that acts on a whole residual branch, and so stands at its end."""

    @abstractmethod
    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        """Build the layer for activations of that shape; it draws from a stream that the engine names."""

    def problems(self, shape: tuple[int, ...], path: str) -> Iterator[Problem]:
        """Yield what keeps this dropout from working on that shape; `path` is its place in the settings."""
        yield from ()
