"""Which of torch's two libraries multiplies matrices on this machine: measured once, and kept."""

import time
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from normlab.stacked.kept_library import Library, keep, kept

# Samples, inputs and outputs of the products that are timed: 0.1 ms each and more, far from the sizes where
# the two are alike.
_SHAPES = ((64, 256, 256), (64, 784, 128), (128, 256, 256))
_REPEATS = 25
# oneDNN must be this many times as fast: where both call the same kernels, noise doesn't choose.
_MARGIN = 1.2


@cache
def choose_library() -> Library:
    """Give the library for large products on this machine, from its file, or by measuring for some 30 ms.

    Where the choice can't be kept it is blas, for every process must come to the same: it decides last bits.
    """
    if not _has_onednn():
        return "blas"
    try:
        return kept() or keep(measure())
    except OSError:
        return "blas"


def onednn(a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
    """a @ b + bias by oneDNN. Shape: (N, I), (I, O), (O,) -> (N, O), all float32."""
    return torch.ops.mkldnn._linear_pointwise.default(a, b.t(), bias, "none", [], "")


def measure() -> Library:
    """Time both on products of middling size, by one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        wins = [_onednn_wins(*shape) for shape in _SHAPES]
    finally:
        torch.set_num_threads(threads)
    return "onednn" if all(wins) else "blas"


def _onednn_wins(samples: int, inputs: int, outputs: int) -> bool:
    x, weight, y = torch.ones(samples, inputs), torch.ones(outputs, inputs), torch.empty(samples, outputs)
    calls: tuple[Callable[[], object], ...] = (
        lambda: torch.mm(x, weight.t(), out=y),
        lambda: y.copy_(onednn(x, weight.t(), None)),
    )
    fastest = [float("inf"), float("inf")]
    for _ in range(_REPEATS):  # in turns: what else the machine does slows both
        for index, call in enumerate(calls):
            started = time.perf_counter()
            call()
            fastest[index] = min(fastest[index], time.perf_counter() - started)
    return fastest[0] > _MARGIN * fastest[1]


def _has_onednn() -> bool:
    try:  # a private operator of torch, which some of its builds lack
        onednn(torch.ones(2, 2), torch.ones(2, 2), None)
    except (AttributeError, RuntimeError):
        return False
    return True
