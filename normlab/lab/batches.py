"""How many batches an epoch has, and how large they are: plain arithmetic, before any data is read."""

from dataclasses import dataclass

from normlab.lab.experiment import Training


@dataclass(frozen=True)
class BatchSizes:
    """The sizes of one epoch's batches: all `size`, but for a `last` one that may differ."""

    size: int
    num_batches: int
    last: int

    @property
    def num_samples(self) -> int:
        return self.size * (self.num_batches - 1) + self.last if self.num_batches else 0


def batch_sizes(training: Training, num_samples: int) -> BatchSizes:
    """Count an epoch's batches; `num_batches` is 0 where dropping the last one leaves none.

    >>> batch_sizes(Training(batch_size=32), 513)
    BatchSizes(size=32, num_batches=17, last=1)
    >>> batch_sizes(Training(batch_size=32, last_batch="merge"), 513)
    BatchSizes(size=32, num_batches=16, last=33)
    """
    if training.batch_size == "full":
        return BatchSizes(num_samples, 1, num_samples)
    size = training.batch_size
    whole, rest = divmod(num_samples, size)
    if rest == 0 or training.last_batch == "drop":
        return BatchSizes(size, whole, size if whole else 0)
    if training.last_batch == "merge" and whole:
        return BatchSizes(size, whole, size + rest)
    return BatchSizes(min(size, num_samples), whole + 1, rest)


def num_steps(training: Training, num_batches: int) -> int:
    """Count the optimizer steps of the whole training."""
    return training.epochs * num_batches if training.steps is None else training.steps
