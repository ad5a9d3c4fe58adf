"""Headless runs and the store: what is kept, what is told of it, and what keeps it from being kept."""

import os
import re

import pytest

from normlab.cli.headless import How, run_plan
from normlab.cli.plan import plan
from normlab.cli.presenters import PlainPresenter, Presenter
from normlab.engine.events import Held, Measured, RunFinished, WeightsLoaded
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.store.connection import connect
from normlab.store.find import find_runs
from normlab.store.schema import VERSIONS
from normlab.store.store import open_store
from normlab.views.history import History

METRICS = {"train_loss": 1.0, "seconds": 1.0, "samples_per_second": 9.0}


def shown(capsys, events, form=PlainPresenter):
    presenter = form(Preset(title="x", experiment=Experiment()))
    history = History("baseline", Experiment())
    for event in events:
        history.fold(event)
        presenter.follow(event, history)
    return capsys.readouterr().err.splitlines()


def test_every_run_is_kept_with_its_arm_and_seed(plain):
    assert run_plan(plan(plain, [], 7, None), How("cpu"), "quiet") == 0
    runs = find_runs(open_store()).runs
    assert [(run.arm, run.seed, run.outcome) for run in reversed(runs)] == [
        ("baseline", 7, "completed"),
        ("batch norm", 7, "completed"),
    ]
    open_store().close()


def test_a_wait_for_space_is_told_once_a_trouble_and_its_end_as_well(capsys):
    full, gone = (
        Held(run="a", reason="no space left; free some"),
        Held(run="a", reason="\x1b its disk is gone"),
    )
    measured = Measured(run="a", epoch=1, step=1, metrics=METRICS)
    lines = shown(capsys, [full, full, gone, gone, measured, full, measured], Presenter)
    assert lines == [
        "the run waits: no space left; free some",
        "the run waits: ⟨U+001B⟩ its disk is gone",
        "the run goes on",
        "the run waits: no space left; free some",
        "the run goes on",
    ]


def test_a_wait_that_ends_the_run_is_not_followed_by_its_going_on(capsys):
    held = Held(run="a", reason="no space left")
    failed = RunFinished(run="a", outcome="failed", reason="no space left", seconds=1.0)
    assert shown(capsys, [held, failed]) == [
        "the run waits: no space left",
        "  failed (no space left); 1.00 s",
    ]


def test_what_of_the_weights_matched_is_told_in_a_line(capsys):
    names = tuple(f"blocks.{i}.norm.weight" for i in range(5))
    event = WeightsLoaded(
        run="a", origin="b:best", matched=6, left_as_drawn=names, unused=("x\x1b",), other_shape=()
    )
    (line,) = shown(capsys, [event])
    assert line.startswith("  weights of b:best: 6 tensors matched; 5 left as drawn (blocks.0.norm.weight, ")
    assert line.endswith(", …); 1 not in the model (x⟨U+001B⟩)")


def test_a_file_that_is_no_store_ends_it_before_anything_trains(say, preset, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lab.db").write_bytes(b"not a store" * 500)
    said = say("--preset", preset, "--no-ui", code=2)
    assert "file is not a database" in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "home" / "runs").exists()


def test_a_store_of_a_later_version_is_a_warning_and_the_runs_train_unkept(say, plain, tmp_path):
    connection = connect(tmp_path / "home" / "lab.db")
    connection.pragma("user_version", 99)
    connection.close()
    said = say("--preset", plain, "--no-ui")
    assert said.err.count("warning: this run isn't kept: ") == 1
    assert "update normlab" in said.err
    assert "baseline   batch norm" in said.out
    said = say("--preset", plain, "--no-ui", "--quiet")
    assert said.err.count("this run isn't kept: ") == 1
    assert "version 99" in say("doctor", code=1).out
    open_store().close()


def test_the_doctor_tells_how_the_store_is(say, keep):
    assert "store        none yet" in say("doctor").out
    keep()
    out = say("doctor").out
    assert f"store        1 runs, version {len(VERSIONS)}, " in out
    assert "sqlite       3." in out
    assert " free" in out


def test_the_doctor_finds_runs_whose_process_died(say, keep):
    keep(finish=False)
    store = open_store()
    store.write(
        lambda c: c.execute("INSERT INTO owners VALUES (9, ?, 2147483646, 0, 0)", (os.uname().nodename,))
    )
    store.write(lambda c: c.execute("UPDATE runs SET owner = 9, outcome = NULL"))
    store.close()
    assert "processes that died with runs under way: 1" in say("doctor").out
    assert find_runs(open_store()).runs[0].outcome == "interrupted"


@pytest.mark.parametrize("place", [0, 4096])
def test_the_doctor_finds_a_damaged_store(say, keep, tmp_path, place):
    keep()
    path = tmp_path / "home" / "lab.db"
    connection = connect(path)
    connection.pragma("wal_checkpoint", "truncate")
    connection.close()
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 3000)
    out = say("doctor", code=1).out
    assert re.search(r"^\d faults?$", out, re.MULTILINE)
    assert re.search("^ *(store  )? .*(damaged|malformed|not a database)", out, re.MULTILINE)
