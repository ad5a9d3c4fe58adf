"""Which samples are trained on and which are held out, and which labels are wrong."""

import numpy as np
from numpy.typing import NDArray

from normlab.components.datasets import Dataset, Outline, Samples
from normlab.core.errors import DataError, Problem
from normlab.engine.seeding import numpy_stream, stream_seed
from normlab.engine.shuffle_split import shuffle_split

Rows = NDArray[np.int64]
Targets = NDArray[np.int64] | NDArray[np.float32]


def split(dataset: Dataset, outline: Outline, samples: Samples, seed: int) -> tuple[Samples, Samples]:
    """Split samples into a training and a validation part, by the run's own stream.

    Raises: DataError when a class is too small to stand in both.
    """
    num_train, num_val = dataset.split_sizes(outline)
    own = samples.val
    train, val = split_rows(samples.y, dataset.stratified, num_train, 0 if own else num_val, seed)
    held_out = Samples(own.x[:num_val], own.y[:num_val]) if own else Samples(samples.x[val], samples.y[val])
    return Samples(samples.x[train], samples.y[train]), held_out


def split_rows(y: Targets, stratified: bool, num_train: int, num_val: int, seed: int) -> tuple[Rows, Rows]:
    """Draw the rows of the training and of the validation part, where classes may keep their shares.

    Raises: DataError when a class is too small to stand in both.
    """
    classes = y if y.ndim == 1 and stratified else None
    rows = np.arange(len(y))
    if not num_val and num_train == len(y):
        return rows, rows[:0]
    rest = num_val or len(y) - num_train
    try:
        first, second = shuffle_split(len(y), num_train, rest, classes, stream_seed(seed, "split") % 2**32)
    except ValueError as error:
        problem = Problem("dataset.stratified", f"can't be done: {error}", "set it to false", True)
        raise DataError(problem) from None
    return first, second[:num_val]


def add_label_noise(y: Targets, share: float, num_classes: int, seed: int) -> Targets:
    """Replace a share of the class labels by another class each, drawn evenly."""
    count = round(share * len(y))
    if count == 0:
        return y
    random = numpy_stream(seed, "label_noise")
    rows = random.permutation(len(y))[:count]
    noisy = y.copy()
    noisy[rows] = (noisy[rows] + random.integers(1, num_classes, count)) % num_classes
    return noisy
