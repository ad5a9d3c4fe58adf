"""A run's folder: all that is known of the run in one file beside its weights, so that it can travel."""

import shutil
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import apsw
from pydantic import Field, ValidationError

from normlab.core.choice import Record
from normlab.core.errors import Problem
from normlab.core.files import write_atomically
from normlab.core.text import Line, Name, Prose, visible
from normlab.engine.events import Event, Measured, RunCreated, RunFinished, RunStarted, read_event
from normlab.store import rows
from normlab.store.errors import StoreError
from normlab.store.find import find_run
from normlab.store.kept import KeptRun
from normlab.store.replay import replay
from normlab.store.store import Store

FILE = "run.jsonl"
_FILES = (FILE, "experiment.toml", "best.safetensors", "last.safetensors", "state.safetensors")
_writing = threading.Lock()  # the writer's thread and another may come to the same file
_MAX_LINE, _MAX_LINES = 4 * 2**20, 2_000_000


class Header(Record, frozen=True):
    """The first line of a run's file: what its events don't say."""

    normlab_run: int = 1
    """Version of this form."""
    id: Annotated[str, Field(pattern="^[a-z0-9]{4,32}$")]
    created: float = Field(ge=0, le=1e11)
    finished: float | None = Field(default=None, ge=0, le=1e11)
    name: Name | None = None
    note: Prose = ""
    tags: tuple[Name, ...] = ()
    origin: Line | None = None
    environment: dict[Name, Line] = Field(default_factory=dict)


def write_record(store: Store, run: str) -> Path:
    """Write a run into its folder: its header, then each of its events, a line of JSON each.

    Raises: OSError when that can't be written; StoreError when there is no such run.
    """
    with _writing:
        return _write(store, find_run(store, run))


def _write(store: Store, found: KeptRun) -> Path:
    header = Header(
        id=found.id, created=found.created, finished=found.finished, name=found.name, note=found.note,
        tags=found.tags, origin=found.origin, environment=found.environment,
    )  # fmt: skip
    lines = [header.model_dump_json(), *(event.model_dump_json() for event in replay(found.id, store))]
    path = found.folder / FILE
    write_atomically(path, ("\n".join(lines) + "\n").encode())
    return path


def import_folder(store: Store, folder: Path) -> str:
    """Take a run's folder from another machine into the store, and give the run's id.

    Nothing of it is trusted: every line is checked, and only the files of a run are copied.

    Raises: StoreError naming the line that is wrong, or when the run is here already.
    """
    path = folder / FILE
    header, events = _read(path)
    with store.read() as connection:
        if connection.execute("SELECT 1 FROM runs WHERE id = ?", (header.id,)).get is not None:
            raise StoreError(Problem(str(folder), "is here already", "delete that run first", header.id))
    target = store.runs / header.id
    target.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        source = folder / name
        if source.is_file() and not source.is_symlink():
            shutil.copyfile(source, target / name)
    store.write(lambda connection: _insert(connection, header, events))
    return header.id


def _read(path: Path) -> tuple[Header, list[Event]]:
    try:
        with path.open("rb") as file:
            lines = list(islice(_lines(file, path), _MAX_LINES))
    except OSError as error:
        rule = f"can't be read: {error.strerror}"
        remedy = f"give the folder of a run, with its {FILE}"
        raise StoreError(Problem(str(path), rule, remedy)) from None
    events: list[Event] = []
    number = 1
    try:
        header = Header.model_validate_json(lines[0] if lines else b"")
        for line in lines[1:]:
            number += 1
            events.append(read_event(line))
            if events[-1].run != header.id:
                raise ValueError("is of another run")
        if not events or not isinstance(events[0], RunCreated):
            raise ValueError("the run's beginning is missing")
    except ValueError as error:
        said = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        rule = f"line {number}: {visible(said, 200)}"
        raise StoreError(Problem(str(path), rule, "copy the folder anew")) from None
    return header, events


def _lines(file: Any, path: Path) -> Iterator[bytes]:
    while line := file.readline(_MAX_LINE + 1):
        if len(line) > _MAX_LINE:
            raise StoreError(Problem(str(path), "has a line over 4 MB", "is this a run's file?"))
        yield line


def _insert(connection: apsw.Connection, header: Header, events: list[Event]) -> None:
    step, run, last = 0, 0, events[-1]
    for sequence, event in enumerate(events, start=1):
        if isinstance(event, RunCreated):
            run, _ = rows.insert_run(connection, event, None)
        if isinstance(event, RunStarted):
            rows.start_run(connection, run, event, header.environment)
        if isinstance(event, Measured):
            rows.insert_point(connection, run, sequence, event)
            rows.update_last(connection, run, event, is_best=False)
        else:
            rows.insert_event(connection, run, getattr(event, "step", step), sequence, event)
        step = getattr(event, "step", step)
    if not isinstance(last, RunFinished):
        last = RunFinished(run=header.id, outcome="interrupted", reason="its end is missing", seconds=0.0)
    rows.finish_run(connection, run, last, header.finished or header.created)
    connection.execute(
        "UPDATE runs SET created = ?, name = ?, note = ?, origin = ? WHERE number = ?",
        (header.created, header.name, header.note, header.origin, run),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO tags (tag, run) VALUES (?, ?)", [(tag, run) for tag in header.tags]
    )
