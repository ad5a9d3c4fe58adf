from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.norms import TWO_VALUES, BatchStatisticsNorm
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class GhostBatchNorm(BatchStatisticsNorm, frozen=True):
    """Batch norm over small chunks of each training batch, as if the batch were small.

    Consecutive chunks of `ghost_size` samples are normalized apart, as by batch norm. What is left over is
    a smaller chunk of its own, but a single sample joins the chunk before it.

    The running statistics move chunk after chunk: with many chunks in a batch, the last of them count
    most. Evaluation uses them, as batch norm does.

    Shape: (N, D) -> (N, D), or (N, C, H, W) -> (N, C, H, W); weight and bias (C,).
    Source: Hoffer, Hubara & Soudry 2017, Train longer, generalize better, arXiv:1705.08741, algorithm 1.
    """

    kind: Literal["ghost_batch"] = "ghost_batch"
    ghost_size: Annotated[int, Field(ge=2, le=10**7)] = 16
    """Samples in a chunk; at the batch size and above it is batch norm."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from torch import nn

        from normlab.layers.ghost_batch_norm import GhostBatchNorm

        layer = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        return GhostBatchNorm(layer(shape[0], **self.torch_settings()), self.ghost_size)

    def problems(self, shape: tuple[int, ...], smallest_batch: int, path: str) -> Iterator[Problem]:
        yield from super().problems(shape, smallest_batch, path)
        if self.ghost_size == 2 and len(shape) == 1:
            yield Problem(f"{path}.ghost_size", TWO_VALUES, "use 4 or more", 2, warning=True)
