from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from normlab.components.dropouts import Dropout, Probability
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class Dropout2d(Dropout, frozen=True):
    """Zero each channel of a sample with probability p while training, and scale the rest by 1/(1-p).

    Neighbouring positions of a map say nearly the same: zeroing single ones would hide little.

    Shape: (N, C, H, W) -> (N, C, H, W).
    Source: Tompson et al. 2015, Efficient Object Localization Using Convolutional Networks, arXiv:1411.4280.
    """

    kind: Literal["dropout2d"] = "dropout2d"
    p: Probability = 0.5
    """Probability that a channel is zeroed (not that it stays)."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from normlab.layers.dropout import Dropout2d

        return Dropout2d(self.p)

    def problems(self, shape: tuple[int, ...], path: str) -> Iterator[Problem]:
        if len(shape) != 3:
            rule = "zeroes whole channels of maps, and here stands behind vectors"
            yield Problem(f"{path}.kind", rule, f"use {path}.kind = dropout", self.kind)
