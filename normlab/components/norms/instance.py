import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.norms import Eps, Momentum, Norm, two_values
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class InstanceNorm(Norm, frozen=True):
    """Normalize each channel of each sample over its positions; contrast and brightness vanish.

    x_hat = (x - mean) / sqrt(var + eps), y = weight * x_hat + bias, with mean and biased variance over
    the positions of one map. The same as group norm with one channel per group.

    Shape: (N, C, H, W) -> (N, C, H, W); weight and bias (C,).
    Source: Ulyanov, Vedaldi & Lempitsky 2016, Instance Normalization, arXiv:1607.08022.
    """

    kind: Literal["instance"] = "instance"
    cancels_bias: ClassVar[bool] = True

    eps: Eps = 1e-5
    """Added to the variance, so that a constant map does not divide by zero."""
    affine: bool = False
    """Learn a weight and a bias per channel."""
    track_running_stats: bool = False
    """Normalize by running means of the statistics in evaluation, in place of each sample's own."""
    momentum: Momentum = 0.1
    """Weight of the newest statistics in the running ones, where they are kept."""

    @property
    def takes_channels_last(self) -> bool:
        return False  # maps are first put in order: training took 1.5 times as long

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from torch import nn

        return nn.InstanceNorm2d(shape[0], self.eps, self.momentum, self.affine, self.track_running_stats)

    def num_parameters(self, shape: tuple[int, ...]) -> int:
        return 2 * shape[0] if self.affine else 0

    def problems(
        self, shape: tuple[int, ...], batch_size: int, last_batch: int, path: str
    ) -> Iterator[Problem]:
        positions, remedy = math.prod(shape[1:]), f"use {path}.kind = layer or group"
        if positions == 1:
            where = "vectors" if len(shape) == 1 else "maps of 1x1"
            rule = f"needs several positions per channel, and {where} have one, which would always become 0"
            yield Problem(f"{path}.kind", rule, remedy, self.kind)
        yield from two_values(positions, f"{path}.kind", remedy, self.kind)
