"""Kept runs without torch: scripted events, recorded into the store of the test's own home."""

import time
from types import SimpleNamespace

from normlab.engine.control import Control
from normlab.engine.events import RunFinished, RunStarted
from normlab.engine.ids import new_run_id
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.store import edit
from normlab.store.record import record
from normlab.store.store import open_store
from normlab.tui.lab_run import recorded
from support.script import script

NOON = time.mktime((2020, 3, 9, 12, 0, 0, 0, 0, -1))
"""An hour before the first kept run of a test began; each next one came an hour later."""


def start(run, anew=False, **how):
    """Start a run as the lab does, its training a script; one that resumes goes on from its last evaluation."""
    events = script(run, **how)
    if run.resumes and not anew:
        events = _rest(events, run.history.last.step)
    return recorded(run, events, open_store())


def keep(
    settings=None,
    *,
    id=None,
    arm="baseline",
    epochs=3,
    outcome=None,
    reason=None,
    tags=(),
    note="",
    name=None,
    state=False,
):
    """Record a scripted run of so many epochs, and give its id; `state` lays a file there to resume it from."""
    store = open_store()
    experiment = change(Experiment(), {"training.epochs": epochs, **(settings or {})})
    run = SimpleNamespace(
        id=id or new_run_id(), experiment=experiment, control=Control(), history=SimpleNamespace(arm=arm)
    )
    for _ in record(_ended(script(run, epochs), outcome, reason), store):
        pass
    if state:
        folder = store.runs / run.id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "state.safetensors").write_bytes(b"all of it")
    if tags:
        edit.tag(store, [run.id], tags)
    if note:
        edit.annotate(store, run.id, note)
    if name:
        edit.rename(store, run.id, name)
    change_row(run.id, "created = ? + 3600 * number", NOON)
    return run.id


def change_row(run, assignment, *values):
    """Change a run's row in the store behind everybody's back."""
    open_store().write(lambda c: c.execute(f"UPDATE runs SET {assignment} WHERE id = ?", (*values, run)))


def multiply(run, times):
    """Make many copies of a kept run's row."""
    copied = "arm, seed, created, finished, experiment, environment, outcome, device, num_steps, epoch, step, best, last"
    counted = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    sql = f"{counted} INSERT INTO runs (id, {copied}) SELECT 'c' || printf('%05d', i), {copied} FROM runs, n WHERE id = ?"
    open_store().write(lambda c: c.execute(sql, (times, run)))


def _rest(events, step):
    for event in events:
        if isinstance(event, RunStarted):
            yield event.model_copy(update={"resumed_at": step})
        elif getattr(event, "step", step + 1) > step:
            yield event


def _ended(events, outcome, reason):
    for event in events:
        if isinstance(event, RunFinished) and outcome:
            event = event.model_copy(update={"outcome": outcome, "reason": reason})
        yield event
