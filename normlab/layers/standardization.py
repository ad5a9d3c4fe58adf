"""Weights whose rows have mean 0 and variance 1."""

import torch
from torch import Tensor, nn


class Standardization(nn.Module):
    """(weight - mean) / sqrt(var + eps) over all but the first dimension, with the biased variance.

    Shape: (O, I) or (O, I, H, W) -> the same.
    """

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, weight: Tensor) -> Tensor:
        var, mean = torch.var_mean(weight, tuple(range(1, weight.ndim)), correction=0, keepdim=True)
        return (weight - mean) * (var + self.eps).rsqrt()

    def extra_repr(self) -> str:
        return f"eps={self.eps}"
