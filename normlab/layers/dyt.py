"""Dynamic tanh, which takes the place of a norm."""

import torch
from torch import Tensor, nn


class DyT(nn.Module):
    """weight * tanh(alpha * x) + bias, with weight and bias per channel.

    Shape: (N, C) or (N, C, H, W) -> the same.
    """

    def __init__(self, channels: int, alpha: float) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.full((1,), alpha))
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        per_channel = (-1, *(1 for _ in x.shape[2:]))
        return self.weight.view(per_channel) * torch.tanh(self.alpha * x) + self.bias.view(per_channel)
