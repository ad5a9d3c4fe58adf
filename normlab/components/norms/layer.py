from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from normlab.components.norms import Eps, SampleStatisticsNorm, two_values
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class LayerNorm(SampleStatisticsNorm, frozen=True):
    """Normalize each sample over its values; the batch plays no part.

    x_hat = (x - mean) / sqrt(var + eps), y = weight * x_hat + bias, with mean and biased variance
    over all values of a sample, or over the channels at each position of it.

    Shape: (N, D) -> (N, D), or (N, C, H, W) -> (N, C, H, W); weight and bias (D,), and on maps (C, H, W)
    over the sample, (C,) over channels.
    Source: Ba, Kiros & Hinton 2016, Layer Normalization, arXiv:1607.06450; over channels: Liu et al. 2022,
    A ConvNet for the 2020s, arXiv:2201.03545.
    """

    kind: Literal["layer"] = "layer"
    eps: Eps = 1e-5
    """Added to the variance, so that constant values do not divide by zero."""

    def build_last(self, sizes: list[int]) -> "nn.Module":
        from torch import nn

        return nn.LayerNorm(sizes, eps=self.eps, elementwise_affine=self.affine)

    def num_parameters(self, shape: tuple[int, ...]) -> int:
        return 2 * self.num_values(shape) if self.affine else 0

    def problems(
        self, shape: tuple[int, ...], batch_size: int, last_batch: int, path: str
    ) -> Iterator[Problem]:
        yield from super().problems(shape, batch_size, last_batch, path)
        remedy = "use a wider layer, or another norm"
        yield from two_values(self.num_values(shape), f"{path}.kind", remedy, self.kind)
