"""Dropouts that draw from a generator of their own, so that one layer's draws never shift another's."""

import torch
from torch import Tensor, nn

# Where SELU tends to far below 0: -scale * alpha.
_SELU_LOW = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


class RandomLayer(nn.Module):
    """A layer that draws random numbers while training.

    The engine gives each its own `generator`, seeded by the run's seed and the layer's path.
    Without one, the draws come from torch's global generator. A deep copy of the layer goes on from
    the same state, independently.
    """

    generator: torch.Generator | None = None

    def draw(self, mask: Tensor, keep: float) -> Tensor:
        """Fill a mask with ones, each with probability `keep`, and zeros."""
        # On a CPU bernoulli_ takes five times as long.
        return mask.uniform_(generator=self.generator).lt_(keep)


class Dropout(RandomLayer):
    """Zero each value with probability `p`, and scale the rest by 1/(1-p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def mask_shape(self, x: Tensor) -> tuple[int, ...]:
        """The shape of the drawn mask: one draw per value here."""
        return tuple(x.shape)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        if self.p == 1:
            return x * 0.0
        keep = 1 - self.p
        return self.drop(x, self.draw(x.new_empty(self.mask_shape(x)), keep), keep)

    def drop(self, x: Tensor, kept: Tensor, keep: float) -> Tensor:
        """Apply the mask, whose values are 1 with probability `keep`; the expected value stays."""
        return x * kept.div_(keep)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout2d(Dropout):
    """Zero each channel of a sample with probability `p`. Shape: (N, C, H, W) -> the same."""

    def mask_shape(self, x: Tensor) -> tuple[int, ...]:
        return (*x.shape[:2], *(1 for _ in x.shape[2:]))


class DropPath(Dropout):
    """Zero each sample with probability `p`: at the end of a residual branch, the branch is skipped."""

    def mask_shape(self, x: Tensor) -> tuple[int, ...]:
        return (len(x), *(1 for _ in x.shape[1:]))


class AlphaDropout(Dropout):
    """Set each value to SELU's lowest with probability `p`; mean 0 and variance 1 stay."""

    def drop(self, x: Tensor, kept: Tensor, keep: float) -> Tensor:
        scale = (keep * (1 + (1 - keep) * _SELU_LOW**2)) ** -0.5
        shift = -scale * (1 - keep) * _SELU_LOW
        return torch.where(kept.bool(), x, _SELU_LOW) * scale + shift
