import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.norms import Eps, Norm, two_values
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
    eps: Eps = 1e-5
    """Added to the variance, so that a constant group does not divide by zero."""
    affine: bool = True
    """Learn a weight and a bias per channel."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from torch import nn

        return nn.GroupNorm(self.groups, shape[0], eps=self.eps, affine=self.affine)

    def num_parameters(self, shape: tuple[int, ...]) -> int:
        return 2 * shape[0] if self.affine else 0

    def problems(
        self, shape: tuple[int, ...], batch_size: int, last_batch: int, path: str
    ) -> Iterator[Problem]:
        channels, values = shape[0], math.prod(shape)
        # More than 64 groups are never what is meant.
        working = [g for g in range(1, min(channels, 64) + 1) if channels % g == 0 and values > 2 * g]
        *others, last = map(str, working or ["another norm"])
        remedy = f"try {', '.join(others)} or {last}" if others else f"try {last}"
        at = f"{path}.groups"
        if channels % self.groups:
            yield Problem(at, f"does not divide {channels} channels", remedy, self.groups)
        elif values == self.groups:
            rule = f"leaves one value per group of {channels} channels, whose normalized value is always 0"
            yield Problem(at, rule, remedy, self.groups)
        else:
            yield from two_values(values // self.groups, at, remedy, self.groups)
