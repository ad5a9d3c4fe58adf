"""What people say of kept runs, and their deletion."""

import shutil
import time
from collections.abc import Iterable

import apsw
from pydantic import TypeAdapter, ValidationError

from normlab.core.errors import ConfigError, Problem
from normlab.core.text import Name, Prose
from normlab.store.store import Store

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_NOTE: TypeAdapter[str] = TypeAdapter(Prose)


def rename(store: Store, run: str, name: str | None) -> None:
    """Call a run by a name; with none by what it was called when it began.

    Raises: ConfigError for a name that isn't one line of visible text; StoreError.
    """
    checked = None if name is None else _checked(_NAME, "name", name)
    store.write(lambda c: _run(c, "UPDATE runs SET name = ? WHERE id = ?", checked, run))


def annotate(store: Store, run: str, note: str) -> None:
    """Put a note to a run, in place of the one before. Raises: ConfigError; StoreError."""
    checked = _checked(_NOTE, "note", note)
    store.write(lambda c: _run(c, "UPDATE runs SET note = ? WHERE id = ?", checked, run))


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


def purge(store: Store, runs: Iterable[str] | None = None) -> list[str]:
    """Take deleted runs off the disk for good, with their folders; give their ids. None purges all of them.

    Raises: StoreError; OSError when a folder can't be removed.
    """
    with store.read() as connection:
        found = [row[0] for row in connection.execute("SELECT id FROM runs WHERE deleted IS NOT NULL")]
    gone = found if runs is None else [run for run in runs if run in found]
    for run in gone:  # first: a row without a folder is honest, a folder without a row is lost space
        shutil.rmtree(store.runs / run, ignore_errors=True)

    def write(connection: apsw.Connection) -> None:
        for run in gone:
            _run(connection, "DELETE FROM runs WHERE deleted IS NOT NULL AND id = ?", run)

    if gone:
        store.write(write)
    return gone


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
