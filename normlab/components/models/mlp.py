from collections.abc import Iterator
from typing import Literal

from normlab.components.models import Layer, Sizes, StackedModel


class MLP(StackedModel, frozen=True):
    """A multilayer perceptron: (Linear - norm - activation - dropout) for each hidden size, then Linear.

    Shape: (N, D), or images that are flattened first -> (N, outputs).
    """

    kind: Literal["mlp"] = "mlp"
    hidden: Sizes = (128, 128)
    """Sizes of the hidden layers: [64, 32], or "10x500" for ten layers of 500 (depth x width)."""

    def plan(self, inputs: tuple[int, ...], num_outputs: int) -> Iterator[Layer]:
        return self.linear_stack(inputs, self.hidden, num_outputs)
