"""The exact sign-flip test: could the differences' signs as well have fallen otherwise?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_EXACT = 30
"""Differences for which all signs are tried: halves of 2^15 sums each, 4 ms."""
NUM_DRAWS = 99_999
_ROUNDING = 1e-10
"""Two sums nearer than this share of the largest one are the same: they differ by rounding only."""


def sign_flip_p(differences: Sequence[float] | Floats) -> float:
    """Test two-sided whether paired differences are centred on 0.

    p = #{s in {-1, 1}^n : |sum s_i d_i| >= |sum d_i|} / 2^n

    It holds exactly where d and -d are equally likely, whatever the distribution: so it is for two arms
    that can be exchanged. Zeros change nothing. Beyond 30 differences signs are drawn, always the same
    ones: (k + 1) / 100,000.

    Source: Fisher, The Design of Experiments, 1935, section 21; Pitman 1937. The halves: Horowitz and Sahni,
    JACM 21, 1974. The + 1: Phipson and Smyth 2010, arXiv:1603.05766.

    >>> sign_flip_p([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == 2 / 2**6
    True
    """
    d = np.asarray(differences, dtype=np.float64)
    d = d[d != 0]
    limit = abs(float(d.sum())) - _ROUNDING * float(np.abs(d).sum())
    if limit <= 0:  # every flip is as far from 0
        return 1.0
    if len(d) > MAX_EXACT:
        return _drawn_p(d, limit)
    left, right = _all_sums(d[: len(d) // 2]), np.sort(_all_sums(d[len(d) // 2 :]))
    reaching = len(right) * len(left) - int(np.searchsorted(right, limit - left).sum())
    return min(1.0, 2 * reaching / 2 ** len(d))  # by symmetry, as many lie below -limit


def _all_sums(d: Floats) -> Floats:
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums - value, sums + value])
    return sums


def _drawn_p(d: Floats, limit: float) -> float:
    rng, sums = np.random.default_rng(0), np.zeros(NUM_DRAWS)
    # A byte draws eight signs at once: 10,000 differences take 0.4 s.
    for start in range(0, len(d), 8):
        eight = _all_sums(d[start : start + 8])
        sums += eight[rng.integers(0, len(eight), NUM_DRAWS, dtype=np.uint8)]
    return (int((np.abs(sums) >= limit).sum()) + 1) / (NUM_DRAWS + 1)


def signed_midranks(differences: Sequence[float] | Floats) -> Floats:
    """Give each difference the rank of its size, with its sign; equal ones share the mean of their ranks.

    A zero counts when ranks are given and has none itself. An infinite difference has the top rank: a run
    without a value is worse than any other, by how much can't be said.

    Source: Wilcoxon 1945; zeros as in Pratt 1959.

    >>> signed_midranks([0.5, -0.1, float("inf"), 0.5, 0.0]).tolist()
    [3.5, -2.0, 5.0, 3.5, 0.0]
    """
    d = np.asarray(differences, dtype=np.float64)
    # To 12 digits: log(4 / 2) and log(2 / 1) may differ in the last one.
    sizes = np.array([float(f"{value:.12g}") for value in np.abs(d)])
    _, place, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return np.sign(d) * ranks[place]
