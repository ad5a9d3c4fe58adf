"""Kept runs, found again: by id, by what they were to do, by what came of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import apsw

from normlab.core.errors import Problem
from normlab.core.text import hidden_characters
from normlab.lab.settings import PREPARATION
from normlab.store.errors import StoreError
from normlab.store.filters import read_filter, read_sort
from normlab.store.kept import KeptRun
from normlab.store.numbers import read_point
from normlab.store.store import Store

_COLUMNS = (
    "number", "id", "arm", "seed", "experiment", "created", "finished", "outcome", "reason", "device",
    "num_parameters", "num_steps", "epoch", "step", "seconds", "best", "last", "name", "note", "origin",
    "environment",
)  # fmt: skip
_SELECT = ", ".join(f"runs.{column}" for column in _COLUMNS)


@dataclass(frozen=True)
class Page:
    """Some of the runs that a filter finds."""

    runs: list[KeptRun]
    total: int
    """How many it finds."""


def find_runs(
    store: Store, text: str = "", *, sort: str = "-date", limit: int = 100, offset: int = 0
) -> Page:
    """List the kept runs that a filter line finds, a page at a time; an empty line finds all.

    `text` and `sort` are explained in normlab.store.filters. Deleted runs are left out.

    Raises: ConfigError naming the word of the line that can't be understood.
    """
    condition, order = read_filter(text), read_sort(sort)
    where = f"WHERE runs.deleted IS NULL AND {condition.sql}"
    with store.read() as connection:
        total = connection.execute(f"SELECT count(*) FROM runs {where}", condition.values).get
        rows = connection.execute(
            f"SELECT {_SELECT} FROM runs {order.join} {where} ORDER BY {order.by} LIMIT ? OFFSET ?",
            (*order.values, *condition.values, limit, offset),
        ).fetchall()
        return Page(_kept(store, connection, rows), int(total))


def mixed(store: Store, text: str = "") -> list[str]:
    """Name what differs among the runs that a filter line finds, so that their metrics aren't one ranking.

    Raises: ConfigError naming the word of the line that can't be understood.
    """
    condition = read_filter(text)
    found = f"SELECT number FROM runs WHERE deleted IS NULL AND {condition.sql}"
    with store.read() as connection:
        rows = connection.execute(
            f"SELECT path FROM settings WHERE run IN ({found}) AND (path GLOB 'dataset.*' OR path IN"
            " ('loss.kind', 'training.best_metric')) GROUP BY path HAVING count(DISTINCT value) > 1",
            condition.values,
        )
        paths = [str(path) for (path,) in rows if not str(path).startswith(PREPARATION)]
    if "dataset.kind" in paths:  # the rest of its settings goes with it
        paths = [path for path in paths if path == "dataset.kind" or not path.startswith("dataset.")]
    return paths


def find_run(store: Store, start: str) -> KeptRun:
    """Give the run with that id, or whose id alone begins so.

    Raises: StoreError when none does, or several do.
    """
    if hidden_characters(start):
        raise StoreError(Problem("run", "is unknown", "see normlab runs list", start))
    with store.read() as connection:
        rows = connection.execute(
            f"SELECT {_SELECT} FROM runs WHERE deleted IS NULL AND id >= ?1 AND id < ?1 || char(0x10FFFF)"
            " LIMIT 20",
            (start,),
        ).fetchall()
        found = _kept(store, connection, rows)
    exact = [run for run in found if run.id == start]
    if start and (exact or len(found) == 1):
        return (exact or found)[0]
    if found and start:
        ids = ", ".join(run.id for run in found)
        raise StoreError(Problem("run", f"several begin so: {ids}", "write more of it", start))
    raise StoreError(Problem("run", "is unknown", "see normlab runs list", start))


def find_all(store: Store, ids: Iterable[str]) -> list[KeptRun]:
    """Give runs by their ids, in that order; those that are gone are left out."""
    ids = list(ids)
    with store.read() as connection:
        rows = connection.execute(
            f"SELECT {_SELECT} FROM runs WHERE id IN (SELECT value FROM json_each(?)) AND deleted IS NULL",
            (json.dumps(ids),),
        ).fetchall()
        found = {run.id: run for run in _kept(store, connection, rows)}
    return [found[run] for run in ids if run in found]


def find_by_fingerprint(store: Store, marks: Iterable[str]) -> dict[str, list[KeptRun]]:
    """Give the runs with those fingerprints, oldest first; see normlab.lab.fingerprint."""
    with store.read() as connection:
        rows: list[Any] = connection.execute(
            f"SELECT {_SELECT}, runs.fingerprint FROM runs WHERE deleted IS NULL"
            " AND fingerprint IN (SELECT value FROM json_each(?)) ORDER BY number",
            (json.dumps(list(marks)),),
        ).fetchall()
        found: dict[str, list[KeptRun]] = {}
        for run, (*_, mark) in zip(_kept(store, connection, [row[:-1] for row in rows]), rows, strict=True):
            found.setdefault(mark, []).append(run)
    return found


def _kept(store: Store, connection: apsw.Connection, rows: list[Any]) -> list[KeptRun]:
    tags: dict[int, list[str]] = {}
    numbers = json.dumps([row[0] for row in rows])
    for run, tag in connection.execute(
        "SELECT run, tag FROM tags WHERE run IN (SELECT value FROM json_each(?)) ORDER BY tag", (numbers,)
    ):
        tags.setdefault(run, []).append(tag)
    return [_read(store, dict(zip(_COLUMNS, row, strict=True)), tuple(tags.get(row[0], ()))) for row in rows]


def _read(store: Store, row: dict[str, Any], tags: tuple[str, ...]) -> KeptRun:
    row["experiment_json"] = row.pop("experiment")
    row["best"], row["last"] = read_point(row["best"]), read_point(row["last"])
    row["environment"] = _read_environment(row["environment"])
    return KeptRun(**row, tags=tags, folder=store.folder(row["id"]))


def _read_environment(text: str) -> dict[str, str]:
    """Read what a run ran with; nothing where that is damaged, for a row must not take others with it."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
