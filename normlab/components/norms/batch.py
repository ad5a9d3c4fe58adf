from typing import TYPE_CHECKING, Literal

from normlab.components.norms import BatchStatisticsNorm

if TYPE_CHECKING:
    from torch import nn


class BatchNorm(BatchStatisticsNorm, frozen=True):
    """Normalize each channel over the batch; running statistics take the batch's place in evaluation.

    x_hat = (x - mean) / sqrt(var + eps), y = weight * x_hat + bias, with mean and biased variance over
    all samples and positions. After each training batch r = (1 - momentum) * r + momentum * statistic,
    from mean 0 and variance 1, where the variance is the unbiased one.

    Shape: (N, D) -> (N, D), or (N, C, H, W) -> (N, C, H, W); weight and bias (C,).
    Source: Ioffe & Szegedy 2015, Batch Normalization, arXiv:1502.03167, algorithms 1 and 2. Departure: an
    exponential running mean, as in torch, unless momentum is "cumulative".
    """

    kind: Literal["batch"] = "batch"

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from torch import nn

        layer = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        return layer(shape[0], **self.torch_settings())
