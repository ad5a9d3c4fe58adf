"""Every run of the lab is kept; what is wrong with the store is told, and the lab works all the same."""

import os
import threading

import pytest
from support.kept import keep, start
from support.lab import lab
from support.screens import NARROW, SIZES, WIDE, notices, text_of, until
from support.script import script

from normlab.core import places
from normlab.engine.events import Held, Measured
from normlab.lab.experiment import Experiment
from normlab.lab.presets import load_preset
from normlab.lab.settings import change
from normlab.store.connection import connect
from normlab.store.find import find_runs
from normlab.store.schema import VERSIONS
from normlab.store.store import open_store
from normlab.tui.lab_run import start_run
from normlab.tui.session import Session
from normlab.views.recall import recall

TINY = {"dataset.kind": "circles", "dataset.samples": 120, "model.hidden": [8], "training.epochs": 2}


def test_the_engine_s_runs_are_kept_and_go_on_under_their_id():
    session = Session(lambda work: work(), start_run)
    run = session.queue(change(Experiment(), TINY), "baseline")
    assert run.history.outcome == "completed", run.history.reason
    (kept,) = find_runs(open_store()).runs
    assert (kept.id, kept.outcome, kept.experiment) == (run.id, "completed", run.experiment)
    assert recall(kept, open_store()).points == run.history.points
    longer = change(run.experiment, {"training.epochs": 4})
    history = recall(kept, open_store())
    history.experiment = longer
    session.go_on(run, history, "cpu")
    assert run.history.outcome == "completed", run.history.reason
    assert [point.epoch for point in run.history.points] == [1, 2, 3, 4]
    (kept,) = find_runs(open_store()).runs
    assert (kept.outcome, kept.epoch, kept.experiment) == ("completed", 4, longer)


def test_a_run_whose_state_is_damaged_says_so():
    session = Session(lambda work: work(), start_run)
    run = session.queue(change(Experiment(), TINY), "baseline")
    (places.runs() / run.id / "state.safetensors").write_bytes(b"junk")
    session.go_on(run, run.history, "cpu")
    assert run.history.outcome == "failed"
    assert "state.safetensors" in run.history.reason


def test_with_a_damaged_store_runs_are_trained_and_not_kept():
    places.home().mkdir(parents=True)
    (places.home() / "lab.db").write_bytes(b"no database" * 1000)
    session = Session(lambda work: work(), start_run)
    run = session.queue(change(Experiment(), TINY), "baseline")
    assert run.history.outcome == "completed", run.history.reason


def test_a_preset_s_runs_are_found_by_the_name_of_their_arm():
    session = Session(lambda work: work(), start)
    session.queue_preset(load_preset("digits"))
    assert [run.title for run in find_runs(open_store()).runs] == ["layer norm", "batch norm", "baseline"]


@pytest.mark.usefixtures("no_torch")
@SIZES
@pytest.mark.asyncio
async def test_a_held_run_is_told_on_every_screen_until_it_goes_on(size):
    goes_on = threading.Event()

    def hold(run):
        for event in script(run):
            yield event
            while isinstance(event, Measured) and not goes_on.wait(0.01):
                yield Held(run=run.id, reason="no space left on its disk; free some")

    app = lab(start=hold)
    async with app.run_test(size=size) as pilot:
        await pilot.press("r")
        for key in ("l", "c", "k", "p", "question_mark"):
            await pilot.press(key)
            await until(
                pilot, lambda: "held: no space left on its disk; free some" in text_of(app).splitlines()[1]
            )
        goes_on.set()
        await until(pilot, lambda: not app.bench.session.working)
        await until(pilot, lambda: "held" not in text_of(app))
        assert app.bench.session.runs[0].history.outcome == "completed"


@pytest.mark.usefixtures("no_torch")
@pytest.mark.asyncio
async def test_a_store_of_a_later_version_is_read_and_said():
    keep(id="aaaaaa")
    store = open_store()
    store.close()
    connection = connect(places.home() / "lab.db")
    connection.pragma("user_version", len(VERSIONS) + 1)
    connection.close()
    app = lab(start=start)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: any("a later normlab has made" in said for said in notices(app)))
        await pilot.press("r")
        await until(pilot, lambda: app.bench.session.runs and not app.bench.session.working)
        (run,) = app.bench.session.runs
        assert run.history.outcome == "completed"
        assert "this run isn't kept" in run.history.warnings[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write anywhere")
@pytest.mark.usefixtures("no_torch")
@pytest.mark.asyncio
async def test_a_folder_that_cannot_be_written_is_said():
    places.home().mkdir(parents=True)
    places.home().chmod(0o500)
    app = lab(start=start)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: any("can't be written: no run is kept" in said for said in notices(app)))


@pytest.mark.usefixtures("no_torch")
@pytest.mark.asyncio
async def test_leaving_in_the_middle_keeps_what_was_told():
    app = lab(start=lambda run: start(run, epochs=20_000, seconds_each=0.002))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("r")
        await until(
            pilot, lambda: app.bench.session.runs and len(app.bench.session.runs[0].history.points) > 2
        )
        await pilot.press("q", "y")
        await until(pilot, lambda: app.bench.session.runs[0].finished)
    run = app.bench.session.runs[0]
    (kept,) = find_runs(open_store()).runs
    assert (kept.id, kept.outcome) == (run.id, "interrupted")
    assert recall(kept, open_store()).points == run.history.points
