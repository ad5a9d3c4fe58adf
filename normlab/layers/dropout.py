"""Dropouts that draw from a generator of their own, so that one layer's draws never shift another's."""

import torch
from torch import Tensor, nn


class RandomLayer(nn.Module):
    """A layer that draws random numbers while training.

    The engine gives each its own `generator`, seeded by the run's seed and the layer's path.
    Without one, the draws come from torch's global generator.
    """

    generator: torch.Generator | None = None

    def keep_mask(self, shape: tuple[int, ...], keep: float, like: Tensor) -> Tensor:
        """Draw ones with probability `keep`, zeros otherwise, with `like`'s type and device."""
        return torch.empty(shape, dtype=like.dtype, device=like.device).bernoulli_(
            keep, generator=self.generator
        )


class UnitDropout(RandomLayer):
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
        return x * self.keep_mask(self.mask_shape(x), keep, x).div_(keep)

    def extra_repr(self) -> str:
        return f"p={self.p}"
