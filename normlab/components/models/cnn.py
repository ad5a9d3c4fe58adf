from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from normlab.components.models import Layer, Sizes, StackedModel, needs_images
from normlab.core.errors import Problem


class CNN(StackedModel, frozen=True):
    """A small convolutional net: (Conv - norm - activation - dropout - pool) per size, mean, Linear.

    Convolutions keep the map's size (padding = kernel / 2); each pool halves it while it is above 1;
    the last maps are averaged over their positions.

    Shape: (N, C, H, W) -> (N, outputs).
    """

    kind: Literal["cnn"] = "cnn"
    channels: Sizes = (16, 32)
    """Channels of each convolution: [16, 32], or "3x32" for three of 32."""
    kernel: Annotated[int, Field(ge=1, le=31)] = 3
    """Side of the square kernel, in pixels; odd."""
    pool: Literal["max", "average", "none"] = "max"
    """How maps are halved after each block."""

    def plan(self, inputs: tuple[int, ...], num_outputs: int) -> Iterator[Layer]:
        shape = inputs
        for index, channels in enumerate(self.channels):
            name = f"blocks.{index}"
            outputs = (channels, *shape[1:])
            conv = Layer(f"{name}.conv", "conv", shape, outputs, self.bias, self.kernel)
            yield from self.block(name, conv, last=index == len(self.channels) - 1)
            shape = outputs
            if self.pool != "none" and min(shape[1:]) > 1:
                halved = (channels, shape[1] // 2, shape[2] // 2)
                op = "max_pool" if self.pool == "max" else "average_pool"
                yield Layer(f"{name}.pool", op, shape, halved, kernel=2, stride=2)
                shape = halved
        yield Layer("mean", "average", shape, shape[:1])
        yield from self.head_layers(shape[0], num_outputs)

    def problems(self, inputs: tuple[int, ...], path: str) -> Iterator[Problem]:
        yield from super().problems(inputs, path)
        yield from needs_images(inputs, self.kind, path)
        if self.kernel % 2 == 0:
            yield Problem(
                f"{path}.kernel", "must be odd, so that maps keep their size", "try 3 or 5", self.kernel
            )
