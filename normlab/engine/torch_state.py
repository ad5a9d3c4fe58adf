"""Torch's global settings, held for a run only while it computes: a pause, or another run, sees its own."""

import os
from collections.abc import Generator
from contextlib import contextmanager, nullcontext

import torch

from normlab.engine.events import Event

# Below this many multiplications and additions a step, threads that wait for each other on a busy machine
# cost more than they give. Two threads against one on two cores, MLPs on batches of 64: alone 1.1 times as
# fast at 1e7, 1.3 at 3e7, 1.4 at 5e7 and 1.8 at 2.5e8; beside other work twice as slow at 3e7, 30 times at
# 5e7, 13 times at 2.5e8, and 4 times at 5e9 (a CNN).
_OPERATIONS_PER_STEP = 1e8


def choose_threads(operations_per_step: float) -> int:
    """Choose the number of CPU threads for steps of that size: one, or all that torch may use."""
    return 1 if operations_per_step < _OPERATIONS_PER_STEP else torch.get_num_threads()


def holding(events: Generator[Event], num_threads: int, deterministic: bool) -> Generator[Event]:
    """Pass events on; while the next one is computed, torch has that many threads and that mode."""
    try:
        while True:
            as_it_is = torch.get_num_threads() == num_threads and not deterministic
            with nullcontext() if as_it_is else settings(num_threads, deterministic):
                event = next(events, None)
            if event is None:
                return
            yield event
    finally:
        events.close()


@contextmanager
def settings(num_threads: int, deterministic: bool) -> Generator[None]:
    """Give torch that many threads and that mode, and its own back at the end."""
    with _threads(num_threads), _determinism(deterministic):
        yield


@contextmanager
def _threads(wanted: int) -> Generator[None]:
    before = torch.get_num_threads()
    if before == wanted:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _determinism(wanted: bool) -> Generator[None]:
    if not wanted:
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else cuBLAS refuses
    before = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warns)
