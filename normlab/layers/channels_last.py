"""Layers for the last dimension, applied to channels."""

from torch import Tensor, nn


class ChannelsLast(nn.Module):
    """Apply a layer to the channels at each position. Shape: (N, C, H, W) -> the same."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.movedim(1, -1)).movedim(-1, 1)
