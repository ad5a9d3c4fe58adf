"""Data on the device: read, split and scaled once; a batch is a slice of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from normlab.components.datasets import Dataset, Outline, Samples
from normlab.core.errors import DataError, Problem
from normlab.engine.seeding import numpy_stream, stream_seed, torch_stream
from normlab.lab.batches import BatchSizes
from normlab.lab.experiment import Experiment

Array = NDArray[np.float32]

# Up to here an epoch's samples are gathered at once, in its order: cheaper than once a step.
_GATHER_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Data:
    """A data set, ready to train on. x (N, *shape) float32; y (N,) classes or (N, 1) values."""

    train_x: Tensor
    train_y: Tensor
    val_x: Tensor
    val_y: Tensor
    plain: tuple[Samples, Samples] | None = None
    """Both parts as they were before scaling, kept where a sample is one number or two: for pictures."""

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
    dataset, seed = experiment.dataset, experiment.seed
    outline = dataset.outline(folder)
    train, val = split(dataset, outline, dataset.read(folder, numpy_stream(seed, "data")), seed)
    train = Samples(train.x, add_label_noise(train.y, dataset.label_noise, outline.num_classes, seed))
    train_x, val_x = scale(dataset, train.x, val.x)
    train_y = train.y
    if experiment.training.order == "sorted":
        order = np.argsort(train_y.reshape(len(train_y)), kind="stable")
        train_x, train_y = train_x[order], train_y[order]

    def place(array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    plain = (train, val) if outline.shape in ((1,), (2,)) else None
    return Data(place(train_x), place(train_y), place(val_x), place(val.y), plain)


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


def scale(dataset: Dataset, train: Array, *others: Array) -> tuple[Array, ...]:
    """Apply the scale fault, then standardise; the training part alone gives mean and deviation."""
    parts = (train, *others)
    if fault := dataset.scale_fault:
        parts = tuple(part.copy() for part in parts)
        for part in parts:
            part[:, fault.feature] *= fault.factor
    every = tuple(range(1, train.ndim))
    match dataset.standardize:
        case "none":
            return parts
        case "sample":
            return tuple(_standardize(part, part, every) for part in parts)
        case "feature":
            axes = (0,)
        case "channel":
            axes = (0, *every[1:])
    return tuple(_standardize(part, parts[0], axes) for part in parts)


def _standardize(x: Array, by: Array, axes: tuple[int, ...]) -> Array:
    mean = by.mean(axes, dtype=np.float64, keepdims=True)
    deviation = by.std(axes, dtype=np.float64, keepdims=True)
    # A pixel that never changes has rounding for a deviation: it is centred, not blown up.
    deviation[deviation <= 1e-12 * (1 + np.abs(mean))] = 1
    # Computed in the data's 32 bits: a copy in 64 would be the largest thing in memory.
    centred = x - mean.astype(np.float32)
    centred /= deviation.astype(np.float32)
    return centred


def batches(
    data: Data, sizes: BatchSizes, epoch: int, seed: int, shuffled: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield one epoch's batches, in an order that the seed and the epoch's number alone decide."""
    x, y = data.train_x, data.train_y
    lengths = [sizes.size] * (sizes.num_batches - 1) + [sizes.last]
    if not shuffled:
        count = sizes.num_samples
        yield from zip(x[:count].split(lengths), y[:count].split(lengths), strict=True)
        return
    order = torch.randperm(len(x), generator=torch_stream(seed, "order", epoch))[: sizes.num_samples].to(
        x.device
    )
    if x.nbytes <= _GATHER_BYTES:
        yield from zip(x[order].split(lengths), y[order].split(lengths), strict=True)
    else:
        for rows in order.split(lengths):
            yield x[rows], y[rows]
