"""Runs whose process died: they end as interrupted, with all that was acknowledged."""

from typing import Any

import apsw

from normlab.engine.events import RunFinished
from normlab.store.numbers import read_point
from normlab.store.rows import finish_run, insert_event


def end_runs_of(connection: apsw.Connection, owner: int, reason: str, heard: float) -> list[str]:
    """End the runs of a process that trains no longer, and forget it; give their ids.

    `heard`: when it was last heard of, in seconds since 1970.
    """
    found: list[Any] = connection.execute(
        "SELECT number, id, step, seconds, created, best, last FROM runs WHERE owner = ?", (owner,)
    ).fetchall()
    for run, run_id, step, seconds, created, best, last in found:
        event = RunFinished(
            run=run_id,
            outcome="interrupted",
            reason=reason,
            best=read_point(best),
            last=read_point(last),
            seconds=seconds,
        )
        finish_run(connection, run, event, max(heard, created + seconds))
        insert_event(connection, run, step, next_sequence(connection, run), event)
    connection.execute("DELETE FROM owners WHERE id = ?", (owner,))
    return [run_id for _, run_id, *_ in found]


def next_sequence(connection: apsw.Connection, run: int) -> int:
    """Give the place in the order of a run's rows that comes after all there are."""
    found = connection.execute(
        "SELECT max((SELECT ifnull(max(sequence), 0) FROM points WHERE run = ?1),"
        " (SELECT ifnull(max(sequence), 0) FROM events WHERE run = ?1))",
        (run,),
    ).get
    return int(found) + 1
