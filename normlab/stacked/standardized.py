"""Mean 0 and variance 1, over one dimension of a view: what nearly all norms have in common."""

import torch
from torch import Tensor

from normlab.stacked.layer import add_up, apart


class Standardized:
    """The values of batches of one shape, standardized over the dimension `dim`, with n values each.

    x_hat = (x - mean) * rstd with rstd = 1 / sqrt(mean((x - mean)^2) + eps), and backwards
    dx = (dy - mean(dy) - x_hat * mean(dy * x_hat)) * rstd. Where nothing is centred, mean and mean(dy) are
    left out.

    `x_hat` is the buffer of the result, and `scratch` one of the same shape that `forward` and `backward`
    write over.
    """

    def __init__(self, x_hat: Tensor, scratch: Tensor, dim: int, eps: float, centred: bool = True) -> None:
        self.x_hat, self._scratch, self._dim, self._centred = x_hat, scratch, dim, centred
        shape = list(x_hat.shape)
        shape[dim] = 1
        self.mean, self.squares, self.rstd, self.dy_sum, self.dy_x_hat_sum, self._scale = (
            apart(shape, x_hat) for _ in range(6)
        )
        # Tensors, because torch takes 1 us longer for a number.
        self._num, self._eps = x_hat.new_tensor([x_hat.shape[dim]]), x_hat.new_tensor([eps])
        self._share = 1 / x_hat.shape[dim]

    def forward(self, x: Tensor) -> None:
        """Fill `x_hat`, `mean`, `squares`, the sums of (x - mean)^2, and `rstd`."""
        if self._centred:
            # Not times 1 / n, whose rounding is not 0 where all values are equal.
            add_up(x, self._dim, self.mean).div_(self._num)
            x = torch.sub(x, self.mean, out=self.x_hat)
        torch.mul(x, x, out=self._scratch)
        add_up(self._scratch, self._dim, self.squares)
        torch.add(self._eps, self.squares, alpha=self._share, out=self.rstd).rsqrt_()
        torch.mul(x, self.rstd, out=self.x_hat)

    def backward(self, dy: Tensor, weight: Tensor | None = None) -> None:
        """Make dy, written over, dx * weight; fill `dy_sum` and `dy_x_hat_sum`, over the dimension.

        The weight is that of all values that were standardized together, behind x_hat: y = weight * x_hat.
        """
        torch.mul(dy, self.x_hat, out=self._scratch)
        add_up(self._scratch, self._dim, self.dy_x_hat_sum)
        if self._centred:
            add_up(dy, self._dim, self.dy_sum)
        dy.addcmul_(self.x_hat, self.dy_x_hat_sum, value=-self._share)
        if self._centred:
            dy.sub_(self.dy_sum, alpha=self._share)
        dy.mul_(self.rstd if weight is None else torch.mul(self.rstd, weight, out=self._scale))
