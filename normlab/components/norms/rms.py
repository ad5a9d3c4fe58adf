from typing import TYPE_CHECKING, Literal

from normlab.components.norms import Eps, SampleStatisticsNorm

if TYPE_CHECKING:
    from torch import nn


class RMSNorm(SampleStatisticsNorm, frozen=True):
    """Divide each sample by the root of its mean square; nothing is centred, the batch plays no part.

    y = weight * x / sqrt(mean(x^2) + eps), with the mean over all values of a sample, or over the channels
    at each position of it.

    Shape: (N, D) -> (N, D), or (N, C, H, W) -> (N, C, H, W); weight (D,), and on maps (C, H, W) over the
    sample, (C,) over channels.
    Source: Zhang & Sennrich 2019, Root Mean Square Layer Normalization, arXiv:1910.07467, equation 4.
    Departure: eps, which the paper lacks.
    """

    kind: Literal["rms"] = "rms"
    eps: Eps = 1e-6
    """Added to the mean square, so that zeros do not divide by zero."""

    def build_last(self, sizes: list[int]) -> "nn.Module":
        from normlab.layers.rms_norm import RMSNorm

        return RMSNorm(sizes, eps=self.eps, elementwise_affine=self.affine)

    def num_parameters(self, shape: tuple[int, ...]) -> int:
        return self.num_values(shape) if self.affine else 0
