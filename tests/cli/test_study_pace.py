"""The time that is left: before the first run, while runs go on, and where some failed."""

import time

import pytest
from support.kept import keep

from normlab.cli.study_pace import Pace
from normlab.engine.events import Progress, RunFinished, RunStarted
from normlab.lab.presets import Preset
from normlab.store.planning import keep_study
from normlab.store.slots import slots
from normlab.store.store import open_store
from normlab.views.board import recall_board


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def pace_of(seeds=4):
    fields = {"title": "x", "experiment": {"training": {"epochs": 3}}, "study": {"seeds": seeds}}
    study = keep_study(open_store(), Preset.model_validate(fields), "cpu")
    found = list(slots(open_store(), study))
    return Pace(recall_board(study, open_store(), found), sum(slot.is_done for slot in found)), found


def begin(pace, slot, resumed_at=0):
    started = RunStarted(
        run=f"r{slot.seed}", arm="baseline", seed=slot.seed, experiment=slot.experiment, device="cpu",
        num_threads=1, num_parameters=1, num_train=1, num_val=1, steps_per_epoch=50, num_steps=100,
        resumed_at=resumed_at,
    )  # fmt: skip
    tell(pace, slot, started)


def tell(pace, slot, event):
    pace.board.fold(slot, event)
    pace.follow((slot.cell.name, slot.seed), event)


def end(pace, slot, outcome="completed"):
    tell(pace, slot, RunFinished(run=f"r{slot.seed}", outcome=outcome, seconds=1.0))


def test_before_the_first_run_it_says_that_it_starts(clock):
    pace, _ = pace_of()
    assert pace.line == "0/4 runs, starting"
    pace.estimate = 20.0
    clock[0] += 15
    assert pace.line == "0/4 runs, starting; then about 20 s"


def test_the_estimate_shrinks_until_enough_is_made_to_go_by(clock):
    pace, found = pace_of()
    pace.estimate = 60.0
    begin(pace, found[0])
    clock[0] += 20
    assert pace.line == "0/4 runs, about 40 s left"
    end(pace, found[0])
    assert pace.line == "1/4 runs, about 60 s left", "the first took 20 s, and three are to come"


def test_what_was_trained_before_a_run_went_on_is_not_counted_as_quick(clock):
    pace, found = pace_of()
    begin(pace, found[0], resumed_at=50)
    tell(pace, found[0], Progress(run="r0", epoch=2, step=50, seconds=0.1))
    clock[0] += 10
    assert pace.seconds_left is None, "nothing is made here yet"
    end(pace, found[0])
    assert pace.seconds_left == pytest.approx(3 * 10 / 0.5)


def test_a_run_that_failed_before_is_to_be_made_again(clock):
    keep({"seed": 0}, outcome="failed")
    keep({"seed": 1})
    pace, found = pace_of()
    assert pace.num_made == 1
    begin(pace, found[0])
    end(pace, found[0], "failed")
    clock[0] += 10
    assert (pace.num_made, pace.seconds_left) == (2, pytest.approx(20))
