from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.norms import Norm
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class GroupNorm(Norm, frozen=True):
    """Normalize each sample over groups of channels; the batch plays no part.

    x_hat = (x - mean) / sqrt(var + eps), y = weight * x_hat + bias, with mean and biased variance
    over the C/groups channels of a group and all their positions.

    Shape: (N, D) -> (N, D), or (N, C, H, W) -> (N, C, H, W); weight and bias (C,).
    Source: Wu & He 2018, Group Normalization, arXiv:1803.08494.
    """

    kind: Literal["group"] = "group"
    groups: Annotated[int, Field(ge=1, le=65536)] = 8
    """Number of groups, which must divide the channels. 1 is layer norm, one per channel is instance norm."""
    eps: Annotated[float, Field(gt=0, le=1)] = 1e-5
    """Added to the variance, so that a constant group does not divide by zero."""
    affine: bool = True
    """Learn a weight and a bias per channel."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from torch import nn

        return nn.GroupNorm(self.groups, shape[0], eps=self.eps, affine=self.affine)

    def num_parameters(self, shape: tuple[int, ...]) -> int:
        return 2 * shape[0] if self.affine else 0

    def problems(self, shape: tuple[int, ...], smallest_batch: int, path: str) -> Iterator[Problem]:
        channels = shape[0]
        at = f"{path}.groups"
        if channels % self.groups:
            working = [g for g in range(1, min(channels, 65) + 1) if channels % g == 0]
            working = [g for g in working if g < channels or len(shape) > 1]
            tries = ", ".join(map(str, working[:-1])) + " or " * (len(working) > 1) + str(working[-1])
            yield Problem(at, f"does not divide {channels} channels", f"try {tries}", self.groups)
        elif channels == self.groups and len(shape) == 1:
            rule = f"leaves one value per group on vectors of {channels}, whose normalized value is always 0"
            yield Problem(at, rule, f"use fewer than {channels} groups", self.groups)
