"""Losses: what training makes small."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.datasets import Outline
from normlab.core.choice import Part, member, members
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import Tensor, nn


class Loss(Part, frozen=True):
    """A loss, configured, with the score that goes with it."""

    score_name: ClassVar[Literal["accuracy", "rmse"]]
    """What the score is: the mean of `measure`, or the root of that mean."""

    @abstractmethod
    def serves(self, data: Outline) -> bool:
        """Tell whether the loss is meant for that data's targets."""

    @abstractmethod
    def num_outputs(self, data: Outline) -> int:
        """Count the outputs that a model needs for this loss on that data."""

    @abstractmethod
    def build(self) -> "nn.Module":
        """Build the module (output, target) -> mean loss, a scalar.

        Shape: output (N, num_outputs); target (N,) of class indices, or (N, 1) of values.
        """

    def mean(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Give what `build`'s module gives, for many samples at once, where no gradient is asked for."""
        return self.build()(output, target)

    @abstractmethod
    def measure(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Measure each sample for the score: whether it is right, or its squared error.

        Shape: as `build`'s -> (N,).
        """

    def score(self, mean: float) -> float:
        """Turn the mean of `measure` into the score: the share that is right, or the root of the mean."""
        return math.sqrt(mean) if self.score_name == "rmse" else mean

    def confidence(self, output: "Tensor") -> "Tensor":
        """Give the probability of the class that each sample is told to be: (N, num_outputs) -> (N,).

        Only for losses whose score is the accuracy.
        """
        raise NotImplementedError

    def problems(self, data: Outline, path: str) -> Iterator[Problem]:
        """Yield what keeps this loss from serving that data; `path` is the loss's own place."""
        if not self.serves(data):
            targets = "values" if data.task == "regression" else f"{data.num_classes} classes"
            fitting = [kind for kind in members(Loss) if member(Loss, kind).serves(data)]
            remedy = f"use {path}.kind = {' or '.join(fitting)}"
            yield Problem(f"{path}.kind", f"is not for targets of {targets}", remedy, self.kind)
