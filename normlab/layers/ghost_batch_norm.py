"""Batch norm over chunks of a batch."""

import torch
from torch import Tensor, nn


class GhostBatchNorm(nn.Module):
    """Run a batch norm on consecutive chunks of `size` samples while training.

    A rest is a smaller chunk, but a single sample joins the chunk before it. The running statistics are
    those of the batch norm, updated by each chunk.

    Shape: that of the batch norm.
    """

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, size: int) -> None:
        super().__init__()
        self.norm = norm
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.norm(x)
        # Chunks laid side by side as channels, in one call, were 1.1 to 2.4 times as fast on a CPU: not worth
        # twice the code.
        return torch.cat([self.norm(chunk) for chunk in x.split(self.chunk_sizes(len(x)))])

    def chunk_sizes(self, num_samples: int) -> list[int]:
        """Give the sizes of the chunks of a batch.

        >>> GhostBatchNorm(nn.BatchNorm1d(1), 4).chunk_sizes(9)
        [4, 5]
        """
        whole, rest = divmod(num_samples, self.size)
        sizes = [self.size] * whole
        if rest == 1 and sizes:
            sizes[-1] += 1
        elif rest:
            sizes.append(rest)
        return sizes

    def extra_repr(self) -> str:
        return f"size={self.size}"
