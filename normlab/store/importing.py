"""A run's folder from another machine, taken into the store. Nothing of it is trusted."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
from pydantic import ValidationError

from normlab.core.errors import Problem
from normlab.core.text import hidden_characters, visible
from normlab.engine.events import Event, Measured, Point, RunCreated, RunFinished, RunStarted, read_event
from normlab.lab.metrics import Metric, beats
from normlab.store import rows
from normlab.store.errors import StoreError
from normlab.store.folder import FILE, FILES, Header
from normlab.store.store import Store

_MAX_BYTES = 512 * 2**20
_MAX_LINE = 4 * 2**20


def import_folder(store: Store, folder: Path) -> str:
    """Take a run's folder from another machine into the store, and give the run's id.

    Every line of its record is checked, and only the files of a run are copied.

    Raises: StoreError naming the line that is wrong, when the run is here already, or what can't be copied.
    """
    header, events = _read(folder / FILE)
    target = store.folder(header.id)
    with store.read() as connection:
        _refuse_known(connection, header.id)
    at_home = target.exists() and folder.resolve() == target.resolve()
    try:
        if not at_home:
            _copy(folder, target)
        store.write(lambda connection: _insert(connection, header, events))
    except BaseException as error:
        if not at_home:
            shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError | OverflowError):
            said = error.strerror if isinstance(error, OSError) else "a number in it is too large"
            raise StoreError(
                Problem(str(folder), f"can't be taken in: {said}", "free space, or copy it anew")
            ) from None
        raise
    return header.id


def _refuse_known(connection: apsw.Connection, run: str) -> None:
    if connection.execute("SELECT 1 FROM runs WHERE id = ? AND deleted IS NULL", (run,)).get is not None:
        raise StoreError(Problem("run", "is here already", "delete it first", run))


def _copy(folder: Path, target: Path) -> None:
    partial = target.with_name(f".{target.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name in FILES:
            source = folder / name
            if source.is_file() and not source.is_symlink():
                shutil.copyfile(source, partial / name)
        shutil.rmtree(target, ignore_errors=True)  # of a deleted run, or of one that no store knows
        os.rename(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _read(path: Path) -> tuple[Header, list[Event]]:
    events: list[Event] = []
    number = 1
    try:
        lines = _lines(path)
        header = Header.model_validate_json(next(lines, b""))
        for line in lines:
            number += 1
            events.append(_event(line, header.id))
        if not events or not isinstance(events[0], RunCreated):
            raise ValueError("the run's beginning is missing")
    except OSError as error:
        rule, remedy = f"can't be read: {error.strerror}", f"give the folder of a run, with its {FILE}"
        raise StoreError(Problem(str(path), rule, remedy)) from None
    except ValueError as error:
        said = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        rule = f"line {number}: {visible(said, 200)}"
        raise StoreError(Problem(str(path), rule, "copy the folder anew")) from None
    return header, events


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists() and not path.is_file():
        raise StoreError(Problem(str(path), "is no file", f"give the folder of a run, with its {FILE}"))
    if path.stat().st_size > _MAX_BYTES:
        raise StoreError(Problem(str(path), f"is over {_MAX_BYTES / 2**20:.0f} MB", "is this a run's file?"))
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE + 1):
            if len(line) > _MAX_LINE:
                raise ValueError(f"is over {_MAX_LINE / 2**20:.0f} MB")
            yield line


def _event(line: bytes, run: str) -> Event:
    event = read_event(line)
    if event.run != run:
        raise ValueError("is of another run")
    for text in _texts(json.loads(line)):
        if found := hidden_characters(text, allowed="\n\t"):
            raise ValueError(f"must not hold the invisible character {found[0]}")
    return event


def _texts(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield str(name)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _insert(connection: apsw.Connection, header: Header, events: list[Event]) -> None:
    _refuse_known(connection, header.id)
    connection.execute("DELETE FROM runs WHERE id = ?", (header.id,))  # a deleted one gives way
    run = step = sequence = 0
    metric: Metric | None = None
    best: Point | None = None
    last: Point | None = None
    seconds = 0.0
    for sequence, event in enumerate(events, start=1):
        step = max(step, getattr(event, "step", 0))
        if isinstance(event, RunCreated):
            run, _ = rows.insert_run(connection, event, None)
            metric = event.experiment.training.best_metric
        elif isinstance(event, RunStarted):
            rows.start_run(connection, run, event, header.environment)
            rows.update_experiment(connection, run, event.experiment)  # it may have been extended
            if not event.experiment.dataset.stamp():  # else it was of another machine's file
                rows.mark_run(connection, run, event)
        if isinstance(event, Measured):
            last = Point(epoch=event.epoch, step=event.step, metrics=event.metrics)
            seconds = event.metrics.get("seconds", 0.0)
            best = last if beats(last.metrics, best.metrics if best else None, metric) else best
            rows.insert_point(connection, run, sequence, last)
            rows.update_last(connection, run, last, is_best=last is best)
        else:
            rows.insert_event(connection, run, step, sequence, event)
    end = events[-1]
    if not isinstance(end, RunFinished):
        reason = "the end of its record is missing"
        end = RunFinished(
            run=header.id, outcome="interrupted", reason=reason, best=best, last=last, seconds=seconds
        )
        rows.insert_event(connection, run, step, sequence + 1, end)
    rows.finish_run(connection, run, end, header.finished or header.created)
    connection.execute(
        "UPDATE runs SET created = ?, name = ?, note = ? WHERE number = ?",
        (header.created, header.name, header.note, run),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO tags (tag, run) VALUES (?, ?)", [(tag, run) for tag in header.tags]
    )
