"""A kept run's events, told again."""

import struct
import zlib
from collections.abc import Generator, Iterator
from heapq import merge
from itertools import starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.core.errors import Problem
from normlab.engine.events import Event, Measured, read_event
from normlab.store.errors import StoreError
from normlab.store.find import find_run
from normlab.store.numbers import all_names, unpack
from normlab.store.store import Store, open_store

_MAX_EVENT_BYTES = 64 * 2**20
_Placed = tuple[tuple[int, int], Event]


def replay(run: str, store: Store | None = None) -> Generator[Event]:
    """Yield a kept run's events again, in the order of their steps; `run` is its id, or how that begins.

    Left out is what only said that the run was alive: downloads, progress, and a full disk.

    Raises: StoreError when there is no such run, or a row of it is damaged.
    """
    store = store or open_store()
    found = find_run(store, run)
    points, others = _points(store, found.id, found.number), _others(store, found.id, found.number)
    for _, event in merge(points, others, key=lambda placed: placed[0]):
        yield event


def _points(store: Store, run: str, number: int) -> Iterator[_Placed]:
    with store.read() as connection:
        names = all_names(connection)
        rows: list[Any] = connection.execute(
            "SELECT step, sequence, epoch, metrics, numbers FROM points WHERE run = ? ORDER BY step",
            (number,),
        ).fetchall()

    def tell(step: int, sequence: int, epoch: int, metrics: int, numbers: bytes) -> _Placed:
        try:
            values = dict(zip(names[metrics], unpack(numbers), strict=True))
        except (ValueError, KeyError, struct.error):
            raise StoreError(_damage(store, run, f"the numbers of step {step}")) from None
        # Not checked: these are plain numbers whatever stands in the file.
        return (step, sequence), Measured.model_construct(run=run, epoch=epoch, step=step, metrics=values)

    return starmap(tell, rows)


def _others(store: Store, run: str, number: int) -> Iterator[_Placed]:
    with store.read() as connection:
        rows: list[Any] = connection.execute(
            "SELECT step, sequence, body FROM events WHERE run = ? ORDER BY step, sequence", (number,)
        ).fetchall()
    for step, sequence, body in rows:
        try:
            yield (step, sequence), read_event(zlib.decompressobj().decompress(body, _MAX_EVENT_BYTES))
        except (ValueError, zlib.error):
            raise StoreError(_damage(store, run, f"an event of step {step}")) from None


def _damage(store: Store, run: str, what: str) -> Problem:
    remedy = "update normlab, where a later one kept it; else delete the run"
    return Problem(str(store.path), f"{what} of run {run} can't be read", remedy)


def curve(run: str, metric: str, store: Store | None = None) -> tuple[list[int], NDArray[np.float64]]:
    """Read one metric of a kept run: its steps, and its values. Shape: both (N,).

    Raises: StoreError when there is no such run.
    """
    store = store or open_store()
    number = find_run(store, run).number
    with store.read() as connection:
        names = all_names(connection)
        rows: list[Any] = connection.execute(
            "SELECT step, metrics, numbers FROM points WHERE run = ? ORDER BY step", (number,)
        ).fetchall()
    steps: list[int] = []
    values: list[bytes] = []
    places = {number: 8 * listed.index(metric) for number, listed in names.items() if metric in listed}
    for step, metrics, numbers in rows:
        if (place := places.get(metrics)) is not None:
            steps.append(step)
            values.append(numbers[place : place + 8])
    return steps, np.frombuffer(b"".join(values), "<f8")
