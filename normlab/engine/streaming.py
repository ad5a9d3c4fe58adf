"""A data set that stays where it is: what comes next is read while the device trains.

Parts, order, values and batches are those of a data set in memory, bit for bit.
"""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from normlab.components.datasets import Dataset, Fetched
from normlab.engine.evaluation import chunks
from normlab.engine.reader import Part, Reader
from normlab.engine.scaling import Survey, blocks, draw_contrast
from normlab.engine.splitting import add_label_noise, split_rows
from normlab.lab.experiment import Experiment

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Chunks:
    """Evaluation batches, which are read anew each time that they are gone through."""

    sizes: tuple[int, ...]
    read: Callable[[], Iterable[Batch]]

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.read())


class Streamed:
    """A data set, ready to train on, whose samples are read batch by batch; targets are in memory."""

    def __init__(self, train: Part, val: Part, train_y: Tensor, val_y: Tensor, device: torch.device) -> None:
        self.train_y, self.val_y = train_y, val_y
        self._shape = train.shape
        self._train, self._val = Reader(train, device), Reader(val, device)

    @property
    def num_train(self) -> int:
        return len(self.train_y)

    @property
    def num_val(self) -> int:
        return len(self.val_y)

    def batches(self, lengths: Sequence[int], order: Tensor | None, done: int) -> Iterator[Batch]:
        """Yield the training batches of these lengths, but for the first `done`."""
        places = torch.arange(sum(lengths)) if order is None else order
        x = self._train.read(
            [part.numpy() for part in places.split(list(lengths))[done:]], first=done * lengths[0]
        )
        return zip(x, self.train_y[places].split(list(lengths))[done:], strict=True)

    def chunks(self, part: Literal["train", "val"], widest: int, at_least: int = 1) -> Chunks:
        """Part the training or the validation samples into evaluation batches."""
        reader, y = (self._train, self.train_y) if part == "train" else (self._val, self.val_y)
        widest = max(widest, math.prod(self._shape))
        places, targets = zip(*chunks(torch.arange(len(y)), y, widest, at_least), strict=True)

        def read() -> Iterator[Batch]:
            return zip(reader.read([each.numpy() for each in places]), targets, strict=True)

        return Chunks(tuple(map(len, targets)), read)

    def close(self) -> None:
        """End the processes that read."""
        self._train.close()
        self._val.close()


def stream(experiment: Experiment, folder: Path, device: torch.device) -> Generator[Fetched, None, Streamed]:
    """Open, split and prepare an experiment's data, telling how far the training part is looked through.

    Raises: DataError when it can't be read or split.
    """
    dataset, seed = experiment.dataset, experiment.seed
    outline, source = dataset.outline(folder), dataset.source(folder)
    train_rows, val_rows = split_rows(source.y, dataset.stratified, *dataset.split_sizes(outline), seed)
    train_y = add_label_noise(source.y[train_rows], dataset.label_noise, outline.num_classes, seed)
    train, val = (Part(source, rows, outline.shape) for rows in (train_rows, val_rows))
    train, val = yield from _survey(train, val, dataset, seed)
    if experiment.training.order == "sorted":
        order = np.argsort(train_y.reshape(len(train_y)), kind="stable")
        train, train_y = replace(train, rows=train.rows[order]), train_y[order]
    train_y, val_y = (torch.from_numpy(y).to(device) for y in (train_y, source.y[val_rows]))
    return Streamed(train, val, train_y, val_y, device)


def _survey(
    train: Part, val: Part, dataset: Dataset, seed: int
) -> Generator[Fetched, None, tuple[Part, Part]]:
    """Give both parts scaled, and the validation part another contrast where one is asked for."""
    survey, shape = Survey(dataset, train.shape), train.shape
    low, high = np.full((), np.inf, np.float32), np.full((), -np.inf, np.float32)
    if survey.wants or dataset.val_contrast:
        places, done_bytes, total_bytes = np.arange(len(train)), 0, 4 * len(train) * math.prod(shape)
        with closing(Reader(train, torch.device("cpu"))) as reader:
            for x in reader.read([places[rows] for rows in blocks(len(train), shape)]):
                block = x.numpy()
                survey.add(block)
                low, high = np.minimum(low, block.min()), np.maximum(high, block.max())
                done_bytes += block.nbytes
                yield Fetched("samples, for their mean and deviation", done_bytes, total_bytes)
    scaled, contrast = survey.scaler(), None
    if dataset.val_contrast is not None:
        contrast = draw_contrast(dataset.val_contrast, (len(val), *shape), low, high, seed)
    return replace(train, scaled=scaled), replace(val, scaled=scaled, contrast=contrast)
