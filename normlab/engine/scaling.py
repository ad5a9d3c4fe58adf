"""Scaling of samples: the scale fault, another light on images, standardisation."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from normlab.components.datasets import Dataset, ValContrast
from normlab.engine.seeding import numpy_stream

Array = NDArray[np.float32]
Scale = Callable[[Array], Array]

# Values whose moments are taken at once: 16 MiB, and 32 in 64 bits.
_BLOCK_VALUES = 2**22


@dataclass(frozen=True)
class Scaler:
    """Applies the scale fault, then standardises. It can be sent to another process."""

    factor: Array | None
    """The scale fault, (1, *shape)."""
    centre: tuple[Array, Array] | None
    """Mean and deviation of the training part, spoilt by the fault; averaged axes are 1."""
    by_sample: bool
    """Whether each sample has a mean and deviation of its own."""

    def __call__(self, x: Array) -> Array:
        x = x if self.factor is None else x * self.factor
        if self.by_sample:
            return _standardize(x, *moments(x, tuple(range(1, x.ndim))))
        return x if self.centre is None else _standardize(x, *self.centre)


class Survey:
    """What scaling has to know of the training part, which is shown to it block by block, in order."""

    def __init__(self, dataset: Dataset, shape: tuple[int, ...]) -> None:
        self._factor = None
        if fault := dataset.scale_fault:
            self._factor = np.ones((1, *shape), np.float32)
            self._factor[:, fault.feature] = fault.factor
        axes = {"feature": (0,), "channel": (0, *range(2, 1 + len(shape)))}.get(dataset.standardize)
        self._moments = None if axes is None else Moments(axes)
        self._by_sample = dataset.standardize == "sample"

    @property
    def wants(self) -> bool:
        """Whether there is anything to know."""
        return self._moments is not None

    def add(self, x: Array) -> None:
        """Look at a block."""
        if self._moments is not None:
            self._moments.add(x if self._factor is None else x * self._factor)

    def scaler(self) -> Scaler:
        """Give what scales samples as those seen."""
        return Scaler(self._factor, self._moments and self._moments.take(), self._by_sample)


def scaler(dataset: Dataset, train: Array) -> Scaler:
    """Give what scales the samples of a data set, by its training part."""
    survey = Survey(dataset, train.shape[1:])
    for rows in blocks(len(train), train.shape[1:]):
        survey.add(train[rows])
    return survey.scaler()


def blocks(num_samples: int, shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield the rows of each block; where they begin decides the last bits of what is summed."""
    size = max(1, _BLOCK_VALUES // math.prod(shape))
    for start in range(0, num_samples, size):
        yield slice(start, min(start + size, num_samples))


class Moments:
    """Mean and deviation over some axes of blocks that come one by one; the axes are kept.

    Two blocks a and b, each with its count of values, mean, and squares = sum (x - mean)^2, make
    gap = mean_b - mean_a, count = count_a + count_b, mean = mean_a + gap * count_b / count and
    squares = squares_a + squares_b + gap^2 * count_a * count_b / count.
    Source: Chan, Golub & LeVeque 1979, Stanford report STAN-CS-79-773.

    >>> known = Moments((0,))
    >>> for block in ([[1], [1]], [[3], [3]]):
    ...     known.add(np.array(block, np.float32))
    >>> [float(x[0, 0]) for x in known.take()]
    [2.0, 1.0]
    """

    def __init__(self, axes: tuple[int, ...]) -> None:
        self._axes, self._count = axes, 0
        self._mean: NDArray[np.float64] = np.zeros(())
        self._squares: NDArray[np.float64] = np.zeros(())

    def add(self, x: Array) -> None:
        """Take in a block."""
        mean = x.mean(self._axes, dtype=np.float64, keepdims=True)
        distances = x - mean
        squares = np.square(distances, out=distances).sum(self._axes, keepdims=True)
        count = x.size // mean.size
        if not self._count:
            self._mean, self._squares, self._count = mean, squares, count
            return
        gap, both = mean - self._mean, self._count + count
        self._squares = self._squares + squares + np.square(gap) * (self._count * (count / both))
        self._mean = self._mean + gap * (count / both)
        self._count = both

    def take(self) -> tuple[Array, Array]:
        """Give mean and deviation; of what never varies the deviation is 1."""
        deviation = np.sqrt(self._squares / self._count)
        # A pixel that never changes has rounding for a deviation: it is centred, not blown up.
        deviation[deviation <= 1e-12 * (1 + np.abs(self._mean))] = 1
        return self._mean.astype(np.float32), deviation.astype(np.float32)


def moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Give mean and deviation over some axes, which are kept; of what never varies the deviation is 1."""
    known = Moments(axes)
    known.add(x)
    return known.take()


def _standardize(x: Array, mean: Array, deviation: Array) -> Array:
    # Computed in the data's 32 bits: a copy in 64 would be the largest thing in memory.
    centred = x - mean
    centred /= deviation
    return centred


@dataclass(frozen=True)
class Contrast:
    """Another light on each of N images, drawn beforehand. It can be sent to another process."""

    contrast: Array
    """(N, 1, 1, 1)."""
    brightness: Array
    """(N, 1, 1, 1), in units of the training images' range."""
    low: Array
    """Lowest value of the training images, ()."""
    high: Array
    """Highest value of them, ()."""

    def __call__(self, x: Array, rows: NDArray[np.int64] | slice) -> Array:
        """Change the images that stand at these rows."""
        changed = x - self.low
        changed *= self.contrast[rows]
        changed += self.low
        changed += self.brightness[rows] * (self.high - self.low)
        return changed


def draw_contrast(
    wanted: ValContrast, shape: tuple[int, ...], low: Array, high: Array, seed: int
) -> Contrast:
    """Draw contrast and brightness for each image of an array of that shape (N, C, H, W)."""
    random = numpy_stream(seed, "val_contrast")
    each = (shape[0], *(1 for _ in shape[1:]))
    contrast = random.uniform(wanted.low, wanted.high, each).astype(np.float32)
    brightness = random.uniform(0, wanted.brightness, each).astype(np.float32)
    return Contrast(contrast, brightness, low, high)


def change_contrast(x: Array, wanted: ValContrast, train: Array, seed: int) -> Array:
    """Change contrast and brightness of each image (N, C, H, W), in units of the training images' range."""
    return draw_contrast(wanted, x.shape, train.min(), train.max(), seed)(x, slice(None))
