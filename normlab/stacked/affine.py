"""The weight and the bias that stand behind a norm."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from normlab.stacked.layer import Parameter


class Affine:
    """y = weight * x_hat + bias of K norms, with a weight and a bias per channel, or without."""

    def __init__(self, norms: Sequence[nn.Module]) -> None:
        self.weight, self.bias = _parameter(norms, "weight"), _parameter(norms, "bias")

    def forward(self, x_hat: Tensor, y: Tensor) -> Tensor:
        """Give y, or x_hat itself where there are no weights. Shape: (K, N, D)."""
        if self.weight is None:
            return x_hat
        if self.bias is None:
            return torch.mul(x_hat, self.weight.read(), out=y)
        return torch.addcmul(self.bias.read(), x_hat, self.weight.read(), out=y)

    def scale_and_shift(self, mean: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
        """Give what makes of x the y = scale * x + shift, for x_hat = (x - mean) * rstd: (K, 1, D) each.

        `rstd` is written over.
        """
        scale = rstd if self.weight is None else rstd.mul_(self.weight.read())
        shift = torch.mul(mean, scale)
        return scale, shift.neg_() if self.bias is None else torch.sub(self.bias.read(), shift, out=shift)


def _parameter(norms: Sequence[nn.Module], name: str) -> Parameter | None:
    found = [getattr(norm, name, None) for norm in norms]
    return None if found[0] is None else Parameter([each for each in found if each is not None])
