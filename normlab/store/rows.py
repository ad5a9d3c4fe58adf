"""What a run's events change in the store's tables. Called by jobs, within a transaction."""

import json
import time
import zlib
from typing import Any

import apsw

from normlab.core.choice import Record
from normlab.core.errors import Problem, show_value
from normlab.engine.events import Event, Point, RunCreated, RunFinished, RunStarted
from normlab.lab.experiment import Experiment
from normlab.lab.fingerprint import fingerprint
from normlab.lab.settings import leaves
from normlab.store.errors import StoreError
from normlab.store.numbers import pack, point_json, read_point


def insert_run(connection: apsw.Connection, event: RunCreated, owner: int | None) -> tuple[int, bool]:
    """Note a run that begins, or goes on; give its number, and whether it is new.

    Raises: StoreError when another process is at it.
    """
    row: Any = connection.execute("SELECT number, owner FROM runs WHERE id = ?", (event.run,)).fetchone()
    number, other = row or (None, None)
    is_new = row is None
    if other not in (None, owner):
        raise StoreError(Problem("run", "is under way in another process", "wait for it", event.run))
    if number is None:
        row = (event.run, event.arm, event.experiment.seed, time.time(), event.origin, owner)
        connection.execute(
            "INSERT INTO runs (id, arm, seed, created, origin, owner, experiment)"
            " VALUES (?, ?, ?, ?, ?, ?, '')",
            row,
        )
        number = connection.last_insert_rowid()
    else:
        connection.execute(
            "UPDATE runs SET owner = ?, outcome = NULL, reason = NULL, finished = NULL, deleted = NULL"
            " WHERE number = ?",
            (owner, number),
        )
        connection.execute("DELETE FROM events WHERE run = ? AND event = 'run_finished'", (number,))
    update_experiment(connection, number, event.experiment)
    return number, is_new


def start_run(connection: apsw.Connection, run: int, event: RunStarted, where: dict[str, str]) -> None:
    """Note what a run trains on and with."""
    connection.execute(
        "UPDATE runs SET device = ?, num_parameters = ?, num_steps = ?, environment = ? WHERE number = ?",
        (event.device, event.num_parameters, event.num_steps, json.dumps(where), run),
    )


def mark_run(connection: apsw.Connection, run: int, event: RunCreated | RunStarted) -> None:
    """Note what makes a run the same as another one; on several threads its last digits are its own."""
    if isinstance(event, RunStarted) and event.num_threads != 1:
        connection.execute("UPDATE runs SET fingerprint = NULL WHERE number = ?", (run,))
        return
    origin = connection.execute("SELECT origin FROM runs WHERE number = ?", (run,)).get
    mark = fingerprint(event.experiment, event.device, origin)
    connection.execute("UPDATE runs SET fingerprint = ? WHERE number = ?", (mark, run))


def update_experiment(connection: apsw.Connection, run: int, experiment: Experiment) -> None:
    """Note what a run is to do: as a whole, and setting by setting."""
    text = experiment.model_dump_json()
    connection.execute("UPDATE runs SET experiment = ? WHERE number = ?", (text, run))
    connection.execute("DELETE FROM settings WHERE run = ?", (run,))
    connection.executemany(
        "INSERT INTO settings (path, value, run) VALUES (?, ?, ?)",
        [(path, setting(value), run) for path, value in leaves(experiment)],
    )


def setting(value: object) -> float | str:
    """Write a setting as it can be compared: numbers as they are, all else as text.

    >>> setting(0.1), setting(True), setting((64, 32)), setting(None)
    (0.1, 'true', '[64, 32]', 'none')
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    assert not isinstance(value, Record)
    return value if isinstance(value, str) else show_value(value)


def insert_point(connection: apsw.Connection, run: int, sequence: int, point: Point) -> None:
    """Write an evaluation; one of the same step, from before a resume, gives way."""
    names = json.dumps(list(point.metrics))
    row = (run, point.step, sequence, point.epoch, pack(point.metrics.values()), names)
    for _ in range(2):
        connection.execute(
            "INSERT OR REPLACE INTO points (run, step, sequence, epoch, numbers, metrics)"
            " SELECT ?, ?, ?, ?, ?, id FROM metrics WHERE names = ?",
            row,
        )
        if connection.changes():
            return
        connection.execute("INSERT INTO metrics (names) VALUES (?)", (names,))


def insert_event(connection: apsw.Connection, run: int, step: int, sequence: int, event: Event) -> None:
    """Write an event."""
    body = zlib.compress(event.model_dump_json().encode(), 1)
    connection.execute(
        "INSERT OR REPLACE INTO events (run, step, sequence, event, body) VALUES (?, ?, ?, ?, ?)",
        (run, step, sequence, event.event, body),
    )


def update_place(connection: apsw.Connection, run: int, epoch: int, step: int, seconds: float) -> None:
    """Note how far a run is."""
    connection.execute(
        "UPDATE runs SET epoch = ?, step = ?, seconds = ? WHERE number = ?", (epoch, step, seconds, run)
    )


def update_last(connection: apsw.Connection, run: int, point: Point, is_best: bool) -> None:
    """Note a run's last evaluation, and where it is the best one, that too."""
    text = point_json(point)
    connection.execute(
        "UPDATE runs SET epoch = ?, step = ?, seconds = ?, last = ?, best = iif(?, ?, best) WHERE number = ?",
        (point.epoch, point.step, point.metrics.get("seconds", 0.0), text, is_best, text, run),
    )


def drop_beyond(connection: apsw.Connection, run: int, step: int) -> None:
    """Drop what a resumed run had measured before beyond the step at which it ended this time."""
    for table in ("points", "events"):
        connection.execute(f"DELETE FROM {table} WHERE run = ? AND step > ?", (run, step))


def finish_run(connection: apsw.Connection, run: int, event: RunFinished, finished: float) -> None:
    """Note how a run ended."""
    connection.execute(
        "UPDATE runs SET best = ?, last = ?, outcome = ?, reason = ?, seconds = ?, finished = ?, owner = NULL"
        " WHERE number = ?",
        (
            point_json(event.best),
            point_json(event.last),
            event.outcome,
            event.reason,
            event.seconds,
            finished,
            run,
        ),
    )
    insert_scores(connection, run)


def insert_scores(connection: apsw.Connection, run: int) -> None:
    """Write the metrics of a run's best and last evaluation, so that they can be asked for.

    What isn't finite is larger or smaller than nothing: it is left out.
    """
    best, last = connection.execute("SELECT best, last FROM runs WHERE number = ?", (run,)).get
    connection.execute("DELETE FROM scores WHERE run = ?", (run,))
    scores = {"best": read_point(best), "last": read_point(last)}
    connection.executemany(
        "INSERT INTO scores (metric, at, value, run) VALUES (?, ?, ?, ?)",
        [
            (metric, at, value, run)
            for at, point in scores.items()
            for metric, value in (point.metrics.items() if point else ())
            if abs(value) < float("inf")
        ],
    )
