"""Data on the device: read, split and scaled once; a batch is a slice of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from normlab.components.datasets import Dataset, Outline, Samples, ValContrast
from normlab.core.errors import DataError, Problem
from normlab.engine.seeding import numpy_stream, stream_seed, torch_stream
from normlab.lab.batches import BatchSizes
from normlab.lab.experiment import Experiment

Array = NDArray[np.float32]
Scale = Callable[[Array], Array]

# Up to here an epoch's samples are gathered at once, in its order: cheaper than once a step.
_GATHER_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Data:
    """A data set, ready to train on. x (N, *shape) float32; y (N,) classes or (N, 1) values."""

    train_x: Tensor
    train_y: Tensor
    val_x: Tensor
    val_y: Tensor

    @property
    def num_train(self) -> int:
        return len(self.train_x)

    @property
    def num_val(self) -> int:
        return len(self.val_x)


def load(experiment: Experiment, folder: Path, device: torch.device) -> Data:
    """Read, split and prepare an experiment's data, and put it on the device.

    Raises: DataError when it can't be read or split.
    """
    train, val = read(experiment, folder)
    return prepare(experiment, train, val, scaler(experiment.dataset, train.x), device)


def read(experiment: Experiment, folder: Path) -> tuple[Samples, Samples]:
    """Read and split an experiment's data, with label noise in the training part, and another contrast in
    the validation part; nothing is scaled.

    Raises: DataError when it can't be read or split.
    """
    dataset, seed = experiment.dataset, experiment.seed
    outline = dataset.outline(folder)
    train, val = split(dataset, outline, dataset.read(folder, numpy_stream(seed, "data")), seed)
    if dataset.val_contrast is not None:
        val = Samples(change_contrast(val.x, dataset.val_contrast, train.x, seed), val.y)
    return Samples(train.x, add_label_noise(train.y, dataset.label_noise, outline.num_classes, seed)), val


def prepare(
    experiment: Experiment, train: Samples, val: Samples, scaled: Scale, device: torch.device
) -> Data:
    """Scale both parts, and put them on the device in the order that they are trained on."""
    train_x, train_y = scaled(train.x), train.y
    if experiment.training.order == "sorted":
        order = np.argsort(train_y.reshape(len(train_y)), kind="stable")
        train_x, train_y = train_x[order], train_y[order]

    def place(array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    return Data(place(train_x), place(train_y), place(scaled(val.x)), place(val.y))


def split(dataset: Dataset, outline: Outline, samples: Samples, seed: int) -> tuple[Samples, Samples]:
    """Split samples into a training and a validation part, by the run's own stream.

    Raises: DataError when a class is too small to stand in both.
    """
    from sklearn.model_selection import train_test_split

    num_samples = len(samples.x)
    num_train, num_val = dataset.split_sizes(outline)
    classes = samples.y if samples.y.ndim == 1 and dataset.stratified else None
    rows = np.arange(num_samples)
    state = stream_seed(seed, "split") % 2**32

    def part(array: NDArray[np.int64]) -> Samples:
        return Samples(samples.x[array], samples.y[array])

    def draw(rows: NDArray[np.int64], size: int, rest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        kept = None if classes is None else classes[rows]
        try:
            first, second = train_test_split(
                rows, train_size=size, test_size=rest, stratify=kept, random_state=state
            )
        except ValueError as error:
            problem = Problem("dataset.stratified", f"can't be done: {error}", "set it to false", True)
            raise DataError(problem) from None
        return np.asarray(first), np.asarray(second)

    if num_val and samples.val is None:
        train, val = draw(rows, num_train, num_val)
        return part(train), part(val)
    train = rows if num_train == num_samples else draw(rows, num_train, num_samples - num_train)[0]
    val = samples.val or samples
    return part(train), Samples(val.x[:num_val], val.y[:num_val])


def add_label_noise(
    y: NDArray[np.int64] | Array, share: float, num_classes: int, seed: int
) -> NDArray[np.int64] | Array:
    """Replace a share of the class labels by another class each, drawn evenly."""
    count = round(share * len(y))
    if count == 0:
        return y
    random = numpy_stream(seed, "label_noise")
    rows = random.permutation(len(y))[:count]
    noisy = y.copy()
    noisy[rows] = (noisy[rows] + random.integers(1, num_classes, count)) % num_classes
    return noisy


def change_contrast(x: Array, wanted: ValContrast, train: Array, seed: int) -> Array:
    """Change contrast and brightness of each image (N, C, H, W), in units of the training images' range."""
    random = numpy_stream(seed, "val_contrast")
    each = (len(x), *(1 for _ in x.shape[1:]))
    contrast = random.uniform(wanted.low, wanted.high, each).astype(np.float32)
    brightness = random.uniform(0, wanted.brightness, each).astype(np.float32)
    low, high = train.min(), train.max()
    return low + contrast * (x - low) + brightness * (high - low)


def scaler(dataset: Dataset, train: Array) -> Scale:
    """Apply the scale fault, then standardise; the training part alone gives mean and deviation."""
    factor, centre = scales(dataset, train)

    def scaled(x: Array) -> Array:
        x = x if factor is None else x * factor
        if dataset.standardize == "sample":
            return _standardize(x, *moments(x, tuple(range(1, x.ndim))))
        return x if centre is None else _standardize(x, *centre)

    return scaled


def scales(dataset: Dataset, train: Array) -> tuple[Array | None, tuple[Array, Array] | None]:
    """Give the factor that is the scale fault, and the spoilt training part's mean and deviation.

    Each is (1, *shape), averaged axes being 1; none where there is none, or samples have their own.
    """
    factor = None
    if fault := dataset.scale_fault:
        factor = np.ones((1, *train.shape[1:]), np.float32)
        factor[:, fault.feature] = fault.factor
    axes = {"feature": (0,), "channel": (0, *range(2, train.ndim))}.get(dataset.standardize)
    return factor, None if axes is None else moments(train if factor is None else train * factor, axes)


def moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Give mean and deviation over some axes, which are kept; of what never varies the deviation is 1."""
    mean = x.mean(axes, dtype=np.float64, keepdims=True)
    deviation = x.std(axes, dtype=np.float64, keepdims=True)
    # A pixel that never changes has rounding for a deviation: it is centred, not blown up.
    deviation[deviation <= 1e-12 * (1 + np.abs(mean))] = 1
    return mean.astype(np.float32), deviation.astype(np.float32)


def _standardize(x: Array, mean: Array, deviation: Array) -> Array:
    # Computed in the data's 32 bits: a copy in 64 would be the largest thing in memory.
    centred = x - mean
    centred /= deviation
    return centred


def batches(
    data: Data, sizes: BatchSizes, epoch: int, seed: int, shuffled: bool, done: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield one epoch's batches, in an order that the seed and the epoch's number alone decide.

    The first `done` are left out. The others lie in memory as they would have: where a product of matrices
    starts at another address, its last bits may differ.
    """
    x, y = data.train_x, data.train_y
    lengths = [sizes.size] * (sizes.num_batches - 1) + [sizes.last]
    if not shuffled:
        count = sizes.num_samples
        yield from zip(x[:count].split(lengths)[done:], y[:count].split(lengths)[done:], strict=True)
        return
    order = torch.randperm(len(x), generator=torch_stream(seed, "order", epoch))[: sizes.num_samples].to(
        x.device
    )
    if x.nbytes <= _GATHER_BYTES:
        yield from zip(x[order].split(lengths)[done:], y[order].split(lengths)[done:], strict=True)
    else:
        for rows in order.split(lengths)[done:]:
            yield x[rows], y[rows]
