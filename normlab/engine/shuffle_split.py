"""Rows to train on and rows to hold out, drawn as scikit-learn draws them: importing it takes a second."""

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def shuffle_split(
    num_rows: int, num_train: int, num_val: int, classes: NDArray[np.generic] | None, seed: int
) -> tuple[Rows, Rows]:
    """Draw rows for training and for validation, each in the order drawn; with `classes` (num_rows,), each
    class has the same share of both, as nearly as whole numbers let it.

    Both counts are above 0. The rows are those of train_test_split(train_size=, test_size=, stratify=,
    random_state=), to the last one: every kept result hangs on them.

    Raises: ValueError for a class, or a part, that is too small.
    Source: scikit-learn, ShuffleSplit and StratifiedShuffleSplit.

    >>> [part.tolist() for part in shuffle_split(5, 3, 2, None, seed=0)]
    [[1, 3, 4], [2, 0]]
    """
    random = RandomState(seed)  # its numbers are the same in all versions of NumPy, by promise
    if classes is None:
        order = random.permutation(num_rows)
        return order[num_val : num_val + num_train], order[:num_val]
    labels, of_row, counts = np.unique(classes, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(f"class {labels[counts.argmin()]} has one sample")
    if min(num_train, num_val) < len(labels):
        raise ValueError(f"a part of {min(num_train, num_val)} can't hold {len(labels)} classes")
    num_first = _shares(counts, num_train, random)
    num_second = _shares(counts - num_first, num_val, random)
    train: list[Rows] = []
    val: list[Rows] = []
    ends = np.cumsum(counts)[:-1]
    for rows, first, second in zip(
        np.split(np.argsort(of_row, kind="stable"), ends), num_first, num_second, strict=True
    ):
        drawn = rows[random.permutation(len(rows))]
        train.append(drawn[:first])
        val.append(drawn[first : first + second])
    return random.permutation(np.concatenate(train)), random.permutation(np.concatenate(val))


def _shares(counts: Rows, total: int, random: RandomState) -> Rows:
    """Part a total in proportion to counts; what rounding down leaves goes to the largest fractions."""
    exact = counts / counts.sum() * total
    whole = np.floor(exact)
    fractions = exact - whole
    left = int(total - whole.sum())
    for fraction in np.unique(fractions)[::-1]:
        if left <= 0:
            break
        tied = np.flatnonzero(fractions == fraction)
        lucky = random.choice(tied, size=min(len(tied), left), replace=False)
        whole[lucky] += 1
        left -= len(lucky)
    return whole.astype(np.int64)
