"""Samples that memory can't hold: read by worker processes while the device trains on those before."""

import contextlib
import itertools
import math
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from normlab.components.datasets import Source
from normlab.core.errors import DataError, Problem
from normlab.engine.scaling import Contrast, Scaler

Rows = NDArray[np.int64]

# What a worker reads in one go, at most: batches up to there go to the model without another copy, and
# larger ones are read by all workers.
_UNIT_SAMPLES, _UNIT_VALUES = 64, 2**22
_MAX_WORKERS = 8
_ALIGNMENT = 64  # bytes, of torch's tensors
# A fork of a process that has threads, as the lab and torch have, may hang. This forks one that has none.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
# What the server imports once, and each worker finds imported.
_PRELOADED = [__name__, "torch.utils.data", "PIL.Image"]
_launching = threading.Lock()


@dataclass(frozen=True)
class Part:
    """Samples of a source in some order, made ready to train on. Workers hold a copy."""

    source: Source
    rows: Rows
    shape: tuple[int, ...]
    """Of one sample."""
    contrast: Contrast | None = None
    """Of the sample at each place."""
    scaled: Scaler | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, places: Rows) -> Tensor | DataError:
        """Read the samples at some places: (N, *shape)."""
        from torch.utils.data import default_collate  # into memory that the run shares, without a copy

        try:
            return default_collate([self._read(place) for place in places])
        except DataError as error:  # given, since raising it here would lose its problems on the way
            return error

    def _read(self, place: int) -> Tensor:
        # In one piece, as in memory: the order of a sum decides its last bits.
        x = np.ascontiguousarray(self.source.sample(self.rows[place]))[None]
        if self.contrast is not None:
            x = self.contrast(x, slice(place, place + 1))
        return torch.from_numpy(x if self.scaled is None else self.scaled(x))[0]


class Reader:
    """Reads a part in any order, in processes of its own, until it is closed.

    One thing at a time: who asks for other batches gets no more of those before.
    """

    def __init__(self, part: Part, device: torch.device) -> None:
        from torch.utils.data import DataLoader  # 0.1 s, which only runs that stream should pay

        self._part, self._device = part, device
        self._unit = max(1, min(_UNIT_SAMPLES, _UNIT_VALUES // math.prod(part.shape)))
        self._wanted: list[Rows] = []
        self._beside = torch.cuda.Stream(device) if device.type == "cuda" else None
        workers = num_workers()
        options: dict[str, Any] = {}
        if workers:
            context = multiprocessing.get_context(_METHOD)
            context.set_forkserver_preload(_PRELOADED)
            options = {"multiprocessing_context": context, "persistent_workers": True}
            options["worker_init_fn"] = _serve
        self._loader: DataLoader[Tensor | DataError] | None = DataLoader(
            part,  # pyright: ignore[reportArgumentType]
            batch_size=None,
            sampler=self._wanted,
            num_workers=workers,
            pin_memory=device.type == "cuda",
            generator=torch.Generator(),  # else it draws from the one that all share
            **options,
        )
        if workers:
            with _any_caller():
                iter(self._loader)  # starts them, with nothing wanted yet

    def read(self, batches: Sequence[Rows], first: int = 0) -> Generator[Tensor]:
        """Yield the samples at each batch's places.

        They lie in memory as if cut off, one after the other, from a tensor of all; the first batch, as
        if it began with that tensor's sample `first`.

        Raises: DataError when samples can't be read, or a worker ended.
        """
        assert self._loader is not None, "it was closed"
        parts = [np.array_split(places, -(-len(places) // self._unit)) for places in batches]
        self._wanted[:] = itertools.chain.from_iterable(parts)
        with _told_as_data_error():
            units = iter(self._loader)
        try:
            for wanted in parts:
                with _told_as_data_error():
                    batch = self._join((_sound(next(units)) for _ in wanted), list(map(len, wanted)), first)
                yield batch
                first += len(batch)
        finally:
            del units  # an error's traceback would keep it, and its workers, alive

    def close(self) -> None:
        """End the workers."""
        self._loader = None

    def _join(self, units: Iterator[Tensor], lengths: list[int], first: int) -> Tensor:
        """Put units, as they come, into one batch on the device."""
        if self._device.type == "cpu" and len(lengths) == 1:
            unit = next(units)
            if _lies_as_sample(first, unit):
                return unit
            units = iter([unit])
        # On a GPU beside the step before, which the host doesn't wait for.
        with contextlib.nullcontext() if self._beside is None else torch.cuda.stream(self._beside):
            batch = room(sum(lengths), self._part.shape, first, self._device)
            for place, unit in zip(batch.split(lengths), units, strict=True):
                place.copy_(unit, non_blocking=True)
        if self._beside is not None:
            here = torch.cuda.current_stream(self._device)
            here.wait_stream(self._beside)
            batch.record_stream(here)
        return batch


def room(num_samples: int, shape: tuple[int, ...], first: int, device: torch.device) -> Tensor:
    """Give an empty tensor (num_samples, *shape) that lies in memory as one cut off a tensor of all samples,
    beginning with its sample `first`.

    Where a product of matrices starts at another address, its last bits may differ.
    """
    offset = _offset(first, shape)
    values = torch.empty(offset + num_samples * math.prod(shape), device=device)
    return values[offset:].view(num_samples, *shape)


def _offset(first: int, shape: tuple[int, ...]) -> int:
    return first * math.prod(shape) % (_ALIGNMENT // 4)


def _lies_as_sample(first: int, x: Tensor) -> bool:
    return x.data_ptr() % _ALIGNMENT == 4 * _offset(first, x.shape[1:])


def num_workers() -> int:
    """Choose the number of processes that read for a run; none where one core has to do all."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MAX_WORKERS) if cores > 1 else 0


def _sound(unit: Tensor | DataError) -> Tensor:
    if isinstance(unit, DataError):
        raise unit
    return unit


def _serve(worker: int) -> None:
    """Begin as a worker: leave a terminal's signals to the run, which saves first, and end when it ended."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    # DataLoader's workers look whether the server lives, and the server, whether they do.
    threading.Thread(target=_end_with_the_run, daemon=True).start()


def _end_with_the_run() -> None:
    run = multiprocessing.parent_process()
    assert run is not None, "workers are started by a run"
    run.join()
    os._exit(1)


@contextlib.contextmanager
def _told_as_data_error() -> Generator[None]:
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        rule = "can't be read on: a process that reads it was ended from outside"
        remedy = "see that memory, and shared memory (/dev/shm), suffice, and resume the run"
        raise DataError(Problem("dataset", rule, remedy)) from error


@contextlib.contextmanager
def _any_caller() -> Generator[None]:
    """Let processes start from any thread, script or screen."""
    with _launching:
        with contextlib.redirect_stderr(sys.__stderr__):  # that of the lab has no number to hand on
            resource_tracker.ensure_running()
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # else each worker would run the caller's script
        try:
            yield
        finally:
            sys.modules["__main__"] = main
