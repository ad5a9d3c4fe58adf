"""What people say of kept runs, and their deletion."""

import json
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import apsw
from pydantic import TypeAdapter, ValidationError

from normlab.core.errors import ConfigError, Problem
from normlab.core.text import Name, Prose
from normlab.store.errors import StoreError
from normlab.store.find import find_all
from normlab.store.folder import FILE, write_record
from normlab.store.store import Store

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_NOTE: TypeAdapter[str] = TypeAdapter(Prose)


def rename(store: Store, run: str, name: str | None) -> None:
    """Call a run by a name; with none by what it was called when it began.

    Raises: ConfigError for a name that isn't one line of visible text; StoreError.
    """
    checked = None if name is None else _checked(_NAME, "name", name)
    store.write(lambda c: _run(c, "UPDATE runs SET name = ? WHERE id = ?", checked, run))
    _write_folders(store, [run])


def annotate(store: Store, run: str, note: str) -> None:
    """Put a note to a run, in place of the one before. Raises: ConfigError; StoreError."""
    checked = _checked(_NOTE, "note", note)
    store.write(lambda c: _run(c, "UPDATE runs SET note = ? WHERE id = ?", checked, run))
    _write_folders(store, [run])


def tag(store: Store, runs: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
    """Add tags to runs, and take others off.

    Raises: ConfigError for a tag that isn't one visible word; StoreError.
    """
    runs, added, removed = list(runs), [check_tag(text) for text in add], list(remove)

    def write(connection: apsw.Connection) -> None:
        for run in runs:
            for text in added:
                sql = "INSERT OR IGNORE INTO tags (tag, run) SELECT ?, number FROM runs WHERE id = ?"
                _run(connection, sql, text, run)
            for text in removed:
                sql = "DELETE FROM tags WHERE tag = ? AND run = (SELECT number FROM runs WHERE id = ?)"
                _run(connection, sql, text, run)

    store.write(write)
    _write_folders(store, runs)


def check_tag(text: str) -> str:
    """Give a tag back where it is one visible word. Raises: ConfigError."""
    checked = _checked(_NAME, "tag", text)
    if any(c.isspace() or c in '",' for c in checked):
        raise ConfigError(
            Problem("tag", "must be one word without commas and quotes", "join it with -", text)
        )
    return checked


def delete(store: Store, runs: Iterable[str]) -> None:
    """Hide runs; until they are purged, `restore` brings them back.

    Raises: ConfigError for a run that is under way; StoreError.
    """
    runs = list(runs)
    with store.read() as connection:
        for run in runs:
            row = connection.execute("SELECT outcome FROM runs WHERE id = ?", (run,)).fetchone()
            if row is not None and row[0] is None:
                raise ConfigError(Problem("run", "is under way", "stop it first", run))
    now = time.time()

    def write(connection: apsw.Connection) -> None:
        for run in runs:
            sql = "UPDATE runs SET deleted = ? WHERE id = ? AND outcome IS NOT NULL"
            connection.execute(sql, (now, run))

    store.write(write)


def restore(store: Store, runs: Iterable[str]) -> None:
    """Bring deleted runs back that haven't been purged. Raises: StoreError."""
    runs = list(runs)

    def write(connection: apsw.Connection) -> None:
        for run in runs:
            _run(connection, "UPDATE runs SET deleted = NULL WHERE id = ?", run)

    store.write(write)


@dataclass(frozen=True)
class Purged:
    """What has gone for good."""

    runs: list[str]
    """Ids of the runs."""
    problems: list[Problem]
    """Warnings of folders that are still there, though their runs are gone."""


def purge(store: Store, runs: Iterable[str] | None = None) -> Purged:
    """Take deleted runs off the disk for good, with their folders. None purges all of them.

    Raises: StoreError.
    """
    wanted = None if runs is None else json.dumps(list(runs))
    gone: list[str] = []

    def write(connection: apsw.Connection) -> None:
        sql = "DELETE FROM runs WHERE deleted IS NOT NULL"
        sql += "" if wanted is None else " AND id IN (SELECT value FROM json_each(?1))"
        found = connection.execute(f"{sql} RETURNING id", () if wanted is None else (wanted,))
        gone[:] = [str(run) for (run,) in found]

    store.write(write)
    problems = [remove(folder) for folder in [store.folder(run) for run in gone] if folder.exists()]
    return Purged(gone, [problem for problem in problems if problem is not None])


def remove(path: Path) -> Problem | None:
    """Remove a file, or a folder with all that is in it; give a warning where that can't be done."""
    try:
        path.unlink() if path.is_file() else shutil.rmtree(path)
    except OSError as error:
        rule = f"can't be removed: {error.strerror}"
        return Problem(str(path), rule, "remove it yourself", warning=True)
    return None


def _write_folders(store: Store, runs: Iterable[str]) -> None:
    """Bring the copies in the runs' folders up to date, where there are any."""
    for run in find_all(store, runs):
        if (run.folder / FILE).exists():
            with suppress(OSError, StoreError):  # the store has it all
                write_record(store, run.id)


def _run(connection: apsw.Connection, sql: str, *values: str | None) -> None:
    connection.execute(sql, values)


def _checked(adapter: TypeAdapter[str], what: str, text: str) -> str:
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        said = error.errors(include_url=False)[0]
        rule = (
            str(said["ctx"]["error"])
            if said["type"] == "value_error" and "ctx" in said
            else said["msg"].lower()
        )
        raise ConfigError(Problem(what, rule.replace("should", "must"), "", text)) from None
