import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from normlab.components.norms import BatchStatisticsNorm, two_values
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
    heeds_order: ClassVar[bool] = True

    ghost_size: Annotated[int, Field(ge=2, le=10**7)] = 16
    """Samples in a chunk; at the batch size and above it is batch norm."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from torch import nn

        from normlab.layers.ghost_batch_norm import GhostBatchNorm

        layer = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
        return GhostBatchNorm(layer(shape[0], **self.torch_settings()), self.ghost_size)

    def problems(
        self, shape: tuple[int, ...], batch_size: int, last_batch: int, path: str
    ) -> Iterator[Problem]:
        found = list(super().problems(shape, batch_size, last_batch, path))
        yield from found
        batches, positions = (batch_size, last_batch), math.prod(shape[1:])

        def fewest_values(ghost_size: int) -> int:
            return positions * min(_smallest_chunk(ghost_size, size) for size in batches)

        if not found and fewest_values(self.ghost_size) == 2:
            near = range(self.ghost_size - 1, 1, -1), range(self.ghost_size + 1, max(batches) + 1)
            working = [next((g for g in sizes if fewest_values(g) > 2), None) for sizes in near]
            remedy = f"try {' or '.join(str(g) for g in working if g)}"
            yield from two_values(2, f"{path}.ghost_size", remedy, self.ghost_size)


def _smallest_chunk(ghost_size: int, num_samples: int) -> int:
    """Count the samples of the smallest chunk of a batch, as the layer cuts it."""
    if num_samples <= ghost_size + 1:
        return num_samples
    rest = num_samples % ghost_size
    return rest if rest > 1 else ghost_size
