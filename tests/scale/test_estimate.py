"""How long a study takes, from what is known of its settings; trials are scripted, so that sums are exact."""

from types import SimpleNamespace

import pytest
from support.small_study import BROKEN, slots_of, study

from normlab.core.parsing import parse
from normlab.engine import loop
from normlab.engine.events import Progress, RunStarted
from normlab.lab.presets import Preset
from normlab.scale import estimate as estimating
from normlab.scale import trial
from normlab.scale.estimate import Estimate, estimate
from normlab.scale.execute import execute
from normlab.store.planning import plan_study
from normlab.store.slots import slots

STEPS = 3 * 6
"""Of a tiny run: three epochs of six batches."""


@pytest.fixture
def trials(monkeypatch):
    """Script the trials: the first step takes a second, each other one 10 ms; say what was tried."""
    tried = []

    def run_cohort(requests, *, device, num_threads):
        first = requests[0]
        tried.append((first.experiment, first.time_limit_seconds, num_threads, len(requests)))
        run = first.run_id
        yield RunStarted(
            run=run, arm="baseline", seed=0, experiment=first.experiment, device=device, num_threads=1,
            num_parameters=1, num_train=84, num_val=36, steps_per_epoch=6, num_steps=STEPS,
        )  # fmt: skip
        for step in range(1, 5):
            yield Progress(run="other", epoch=1, step=step, seconds=100.0)
            yield Progress(run=run, epoch=1, step=step, seconds=1 + 0.01 * step)

    monkeypatch.setattr(loop, "run_cohort", run_cohort)
    monkeypatch.setattr(trial, "_KEEPING_SECONDS", 0.0)
    monkeypatch.setattr(trial, "time", SimpleNamespace(monotonic=lambda: 0.0))  # nothing else takes any
    return tried


def test_a_trial_is_drawn_out_to_the_whole_length_with_its_evaluations(store, trials):
    found = estimate(slots_of(study(seeds=5, arms={}), store), "cpu")
    evaluation = 36 / 16 / 3  # forward alone of 36 samples, in steps of 16
    assert found.run_seconds == pytest.approx(5 * 0.01 * (STEPS + 3 * evaluation), rel=0.05)
    assert (found.num_runs, found.num_done, found.num_left) == (5, 0, 5)
    (_, warm_up, *_), (_, seconds, threads, together) = trials
    assert (warm_up, seconds, threads, together) == (0.0, 0.3, 1, 4)


def test_a_longer_training_takes_longer_and_rates_need_no_trial_of_their_own(store, trials):
    arms = {"long": {"training.epochs": 30}, "quick": {"optimizer.lr": 0.5}, "slow": {"optimizer.lr": 0.001}}
    short = estimate(slots_of(study(seeds=1, arms={}), store), "cpu").run_seconds
    trials.clear()
    found = estimate(slots_of(study(seeds=1, arms=arms), store), "cpu")
    assert found.run_seconds == pytest.approx((3 + 10) * short, rel=0.05)
    assert len(trials) == 1 + 2


def test_six_of_many_settings_are_tried(store, trials):
    tree = {"title": "Many", "experiment": {}, "study": {"seeds": 1, "grid": {"training.batch_size": []}}}
    tree["study"]["grid"]["training.batch_size"] = list(range(8, 48))
    plan = plan_study(parse(Preset, tree), "cpu")
    assert estimate(slots_of(plan, store), "cpu").run_seconds > 0
    sizes = [experiment.training.batch_size for experiment, *_ in trials[1:]]
    assert len(sizes) == 6
    assert (sizes[0], sizes[-1]) == (8, 47)


def test_kept_runs_tell_what_the_next_ones_take_and_nothing_is_tried(store, trials, monkeypatch):
    plan = study(seeds=4)
    first, *rest = slots_of(plan, store)
    monkeypatch.undo()
    list(execute([first, rest[0]], store, device="cpu"))
    monkeypatch.setattr(loop, "run_cohort", None)
    found = list(slots(store, plan))
    told = estimate(found, "cpu")
    assert (told.num_runs, told.num_done, told.num_left) == (8, 2, 6)
    took = sum(slot.run.finished - slot.run.created for slot in found if slot.is_done)
    assert told.run_seconds == pytest.approx(3 * took, rel=0.01)


def test_runs_that_were_trained_together_share_the_time_from_begin_to_end(store):
    plan = study(seeds=5, arms={})
    early = slots_of(plan, store)
    list(execute(early[:3], store, device="cpu"))
    found = list(slots(store, plan))
    made = [slot.run for slot in found if slot.is_done]
    took = max(run.finished for run in made) - min(run.created for run in made)
    assert estimate(found, "cpu").run_seconds == pytest.approx(2 / 3 * took, rel=0.4)  # else thrice that


def test_nothing_is_downloaded_for_it(store, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", None)
    plan = study(seeds=1, arms={"mnist": {"dataset.kind": "mnist"}})
    assert estimate(slots_of(plan, store), "cpu").seconds is None


def test_what_cannot_be_tried_has_no_time_rather_than_none(store):
    broken = slots_of(study(seeds=1, arms={"broken": BROKEN}), store)[1:]
    assert estimate(broken, "cpu").seconds is None


def test_what_is_done_takes_no_time(store):
    plan = study(seeds=1, arms={})
    list(execute(slots(store, plan), store, device="cpu"))
    assert estimate(slots(store, plan), "cpu", jobs=2).seconds == 0


def test_a_real_trial_is_short_and_of_the_right_size(store):
    plan = study(seeds=3, **{"training.epochs": 200})
    found = estimate(slots_of(plan, store), "cpu")
    took = sum(
        event.seconds
        for _, event in execute(slots(store, plan), store, device="cpu")
        if event.event == "run_finished"
    )
    assert took / 8 < found.run_seconds < 8 * took


def test_jobs_share_the_runs_and_have_to_start(monkeypatch):
    monkeypatch.setattr(estimating, "num_cpus", lambda: 4)
    found = Estimate(num_runs=12, num_done=2, num_left=10, run_seconds=100.0)
    start = estimating.START_SECONDS
    assert found.seconds == 100
    assert found.seconds_with(2) == 50 + start
    assert found.seconds_with(4) == 30 + start, "in three rounds"
    assert found.seconds_with(40) == 30 + start, "four processors do no more than four at a time"
