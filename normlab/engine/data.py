"""Data on the device: read, split and scaled once; a batch is a slice of it."""

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from normlab.components.datasets import Fetched, Samples
from normlab.engine.evaluation import chunks
from normlab.engine.reader import room
from normlab.engine.scaling import Array, Scale, change_contrast, scaler
from normlab.engine.seeding import numpy_stream, torch_stream
from normlab.engine.splitting import add_label_noise, split
from normlab.engine.streaming import Batch, Chunks, Streamed, stream
from normlab.lab.batches import BatchSizes
from normlab.lab.experiment import Experiment

Show = Callable[[Samples, Samples, Scale], object]
"""Is shown the training and the validation part, in the data's own units, and what scales them."""

# Up to here an epoch's samples are gathered at once, in its order: cheaper than once a step, while they stay
# in a processor's cache until their batch comes.
_GATHER_BYTES = 2**20


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

    def batches(self, lengths: Sequence[int], order: Tensor | None, done: int) -> Iterator[Batch]:
        """Yield the training batches of these lengths, but for the first `done`."""
        x, y, lengths = self.train_x, self.train_y, list(lengths)
        if order is None and lengths == [len(x)]:
            yield from [(x, y)][done:]
            return
        if order is None:
            x, y = x[: sum(lengths)], y[: sum(lengths)]
        else:
            order = order.to(x.device)
            if x.nbytes > _GATHER_BYTES:
                for number, rows in enumerate(order.split(lengths)[done:], done):
                    place = room(len(rows), x.shape[1:], number * lengths[0], x.device)
                    yield torch.index_select(x, 0, rows, out=place), y.index_select(0, rows)
                return
            x, y = x.index_select(0, order), y.index_select(0, order)
        yield from zip(x.split(lengths)[done:], y.split(lengths)[done:], strict=True)

    def chunks(self, part: Literal["train", "val"], widest: int, at_least: int = 1) -> Chunks:
        """Part the training or the validation samples into evaluation batches."""
        x, y = (self.train_x, self.train_y) if part == "train" else (self.val_x, self.val_y)
        pieces = chunks(x, y, max(widest, math.prod(x.shape[1:])), at_least)
        return Chunks(tuple(len(y) for _, y in pieces), lambda: pieces)

    def close(self) -> None:
        """End what the data needed beside memory: nothing."""


def load(experiment: Experiment, folder: Path, device: torch.device) -> Data | Streamed:
    """Give an experiment's data, as `loading` does, in one go. Raises: as that does."""
    steps = loading(experiment, folder, device)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def loading(
    experiment: Experiment, folder: Path, device: torch.device, show: Show | None = None
) -> Generator[Fetched, None, Data | Streamed]:
    """Read, split and prepare an experiment's data, and put it on the device; or open what streams, telling
    how far that is looked through. What is read as a whole is shown.

    Raises: DataError when it can't be read or split.
    """
    dataset = experiment.dataset
    if dataset.streams(dataset.outline(folder)):
        return (yield from stream(experiment, folder, device))
    train, val = read(experiment, folder)
    scaled = scaler(dataset, train.x)
    if show is not None:
        show(train, val, scaled)
    return prepare(experiment, train, val, scaled, device)


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

    def place(x: Array) -> Tensor:
        # NumPy's arrays begin at any multiple of 16 bytes, and bits may depend on it.
        return room(len(x), x.shape[1:], 0, device).copy_(torch.from_numpy(x))

    train_y, val_y = (torch.from_numpy(np.ascontiguousarray(y)).to(device) for y in (train_y, val.y))
    return Data(place(train_x), train_y, place(scaled(val.x)), val_y)


def batches(
    data: Data | Streamed, sizes: BatchSizes, epoch: int, seed: int, shuffled: bool, done: int = 0
) -> Iterator[Batch]:
    """Yield one epoch's batches, in an order that the seed and the epoch's number alone decide.

    The first `done` are left out. The others lie in memory as they would have: where a product of matrices
    starts at another address, its last bits may differ.
    """
    lengths, order = [sizes.size] * (sizes.num_batches - 1) + [sizes.last], None
    if shuffled:
        order = torch.randperm(data.num_train, generator=torch_stream(seed, "order", epoch))
        order = order[: sizes.num_samples]
    return data.batches(lengths, order, done)
