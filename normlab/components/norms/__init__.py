"""Norms: layers that centre or scale activations. The lab exists to compare them."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from normlab.core.choice import Part
from normlab.core.errors import UNSAID, Problem

if TYPE_CHECKING:
    from torch import nn

# In float32, far smaller ones would leave NaN where the values are constant, or in the gradient.
Eps = Annotated[float, Field(ge=1e-12, le=1)]
Momentum = Annotated[float, Field(gt=0, le=1)]


class Norm(Part, frozen=True):
    """A normalization layer, configured. Shapes leave the batch out: (D,) of a vector, (C, H, W) of maps."""

    cancels_bias: ClassVar[bool] = False
    """True where a constant added per channel in front of the norm vanishes in it."""
    heeds_order: ClassVar[bool] = False
    """True where the order of a batch's samples changes the result."""

    @property
    def takes_channels_last(self) -> bool:
        """Whether it is quick on maps (N, C, H, W) whose channels lie side by side in memory."""
        return True

    @abstractmethod
    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        """Build the layer for activations of that shape."""

    @abstractmethod
    def num_parameters(self, shape: tuple[int, ...]) -> int:
        """Count the trainable numbers of the layer that `build` makes for that shape."""

    def problems(
        self, shape: tuple[int, ...], batch_size: int, last_batch: int, path: str
    ) -> Iterator[Problem]:
        """Yield what keeps this norm from working there.

        `batch_size` is the size of all training batches but an epoch's last, and `last_batch` that of
        the last one, equal where there is no smaller one; `path` is this norm's own place among the settings.
        """
        yield from ()


def two_values(num_values: int, path: str, remedy: str, value: object = UNSAID) -> Iterator[Problem]:
    """Yield a warning where the values that are centred and scaled together are but two."""
    if num_values == 2:
        rule = "leaves two values to normalize together, which become -1 and +1, whatever they are"
        yield Problem(path, rule, remedy, value, warning=True)


class BatchStatisticsNorm(Norm, frozen=True):
    """A norm over the samples of a batch and their positions, channel by channel."""

    cancels_bias: ClassVar[bool] = True

    eps: Eps = 1e-5
    """Added to the variance, so that a constant channel does not divide by zero."""
    momentum: Momentum | Literal["cumulative"] = 0.1
    """Weight of the newest statistics in the running ones (not of the old), or "cumulative", which makes
    them the plain mean of all so far."""
    affine: bool = True
    """Learn a weight and a bias per channel."""

    def torch_settings(self) -> dict[str, Any]:
        """Give the settings under torch's names."""
        momentum = None if self.momentum == "cumulative" else self.momentum
        return {"eps": self.eps, "momentum": momentum, "affine": self.affine}

    def num_parameters(self, shape: tuple[int, ...]) -> int:
        return 2 * shape[0] if self.affine else 0

    def problems(
        self, shape: tuple[int, ...], batch_size: int, last_batch: int, path: str
    ) -> Iterator[Problem]:
        positions = math.prod(shape[1:])
        at, size, value = "training.batch_size", batch_size, UNSAID
        remedy = f"use batches of {2 // positions + 1} or more, or another norm"
        if batch_size * positions > 2:  # a smaller last batch is there only where it is kept
            at, size, value = "training.last_batch", last_batch, "keep"
            remedy = f"use {at} = drop or merge"
        if size * positions == 1:
            rule = "leaves a batch of one, and batch norm needs more than one value per channel to train on"
            yield Problem(at, rule, remedy, value)
        yield from two_values(size * positions, at, remedy, value)


class SampleStatisticsNorm(Norm, frozen=True):
    """A norm over the values of each sample, or over the channels at each position of it."""

    over: Literal["sample", "channels"] = "sample"
    """Normalize maps as a whole, or the channels at each position; on vectors both are the same."""
    affine: bool = True
    """Learn parameters for each of the values that are normalized together."""

    @property
    def takes_channels_last(self) -> bool:
        # Over the sample, maps are first put in order: training took up to 1.5 times as long.
        return self.over == "channels"

    @abstractmethod
    def build_last(self, sizes: list[int]) -> "nn.Module":
        """Build the layer for last dimensions of those sizes."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from normlab.layers.channels_last import ChannelsLast

        if self.over == "sample" or len(shape) == 1:
            return self.build_last(list(shape))
        return ChannelsLast(self.build_last([shape[0]]))

    def num_values(self, shape: tuple[int, ...]) -> int:
        """Count the values that are normalized together."""
        return math.prod(shape) if self.over == "sample" else shape[0]

    def problems(
        self, shape: tuple[int, ...], batch_size: int, last_batch: int, path: str
    ) -> Iterator[Problem]:
        if self.num_values(shape) == 1:
            rule = "has a single value to normalize here, whose size would be lost"
            yield Problem(f"{path}.kind", rule, "use a wider layer, or another norm", self.kind)
