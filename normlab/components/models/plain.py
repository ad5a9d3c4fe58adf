from collections.abc import Iterator
from typing import Literal

from normlab.components.models import Depth, Layer, StackedModel, Width


class PlainNet(StackedModel, frozen=True):
    """A deep plain net: many equal layers without shortcuts, to watch signals and gradients travel.

    (Linear without bias - norm - activation)^depth - Linear.
    Shape: (N, D), or images that are flattened first -> (N, outputs).
    """

    kind: Literal["plain"] = "plain"
    depth: Depth = 20
    """Number of hidden layers."""
    width: Width = 100
    """Size of every hidden layer."""
    bias: bool = False
    """Give the hidden layers a bias."""

    def plan(self, inputs: tuple[int, ...], num_outputs: int) -> Iterator[Layer]:
        return self.linear_stack(inputs, (self.width,) * self.depth, num_outputs)
