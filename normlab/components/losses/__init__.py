"""Losses: what training makes small."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from normlab.components.datasets import Outline
from normlab.core.choice import Part
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import Tensor, nn


class Loss(Part, frozen=True):
    """A loss, configured, with the score that goes with it."""

    @abstractmethod
    def num_outputs(self, data: Outline) -> int:
        """Count the outputs that a model needs for this loss on that data."""

    @abstractmethod
    def build(self) -> "nn.Module":
        """Build the module (output, target) -> mean loss, a scalar.

        Shape: output (N, num_outputs); target (N,) of class indices, or (N, 1) of values.
        """

    @abstractmethod
    def score(self, output: "Tensor", target: "Tensor") -> dict[str, float]:
        """Score outputs over all samples: {"accuracy": fraction right} or {"rmse": in the target's unit}."""

    @abstractmethod
    def problems(self, data: Outline, path: str) -> Iterator[Problem]:
        """Yield what keeps this loss from serving that data."""
