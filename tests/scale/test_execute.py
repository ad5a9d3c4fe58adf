"""What a study's runs give is the same wherever they train; nothing of it is lost, and nothing made twice."""

import json
import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Empty

import pytest
from support.children import Child
from support.small_study import BROKEN, ends, is_alive, left_by, send, slots_of, study, workers

from normlab.core.errors import ConfigError
from normlab.engine import kinship
from normlab.engine.control import Control
from normlab.engine.trainer import Trainer
from normlab.engine.weights import read_weights
from normlab.scale import cohorts as choosing
from normlab.scale import execute as executing
from normlab.scale.execute import execute
from normlab.scale.messages import Acknowledge, Run, Train
from normlab.scale.process import Process
from normlab.store.find import find_runs
from normlab.store.slots import slots
from normlab.store.store import Store
from normlab.store.sweep import sweep


def train(store, plan, jobs=1, **how):
    return list(execute(slots(store, plan), store, device="cpu", jobs=jobs, **how))


@pytest.fixture(scope="module")
def long():
    """A study whose runs take some tenths of a second each."""
    return study(**{"training.epochs": 400})


@pytest.fixture(scope="module")
def alone(long, tmp_path_factory):
    """What its runs leave that are trained one by one."""
    store = Store(tmp_path_factory.mktemp("alone"))
    train(store, long)
    found = left_by(long, store)
    store.close()
    return found


def until_all_train(events, count):
    """Follow events until so many runs have told an evaluation."""
    seen = set()
    for slot, event in events:
        if event.event == "measured" and event.epoch > 5:
            seen.add(slot.fingerprint)
        if len(seen) == count:
            return
    raise AssertionError("it ended before")


def test_a_worker_goes_on_once_all_its_runs_are_created_and_that_is_acknowledged(tmp_path):
    asked = Train(
        runs=tuple(
            Run(id=f"run{slot.seed}", arm="x", experiment=slot.experiment, folder=str(tmp_path / "run"))
            for slot in slots_of(study(seeds=3, arms={}), Store(tmp_path))
        ),
        device="cpu",
    )
    process = Process()
    try:
        process.send(asked)
        said = [json.loads(process.lines.get(timeout=60)) for _ in range(4)]
        assert [line.get("event", line.get("worker")) for line in said] == ["run_created"] * 3 + ["waiting"]
        with pytest.raises(Empty):
            process.lines.get(timeout=1)
        assert not (tmp_path / "run").exists()
        process.send(Acknowledge())
        said = iter(lambda: json.loads(process.lines.get(timeout=60)), {"worker": "waiting"})
        assert {line["event"] for line in said} >= {"run_started", "measured", "saving"}, (
            "the next is to save"
        )
    finally:
        process.kill()


def test_a_run_that_cannot_begin_is_kept_as_failed_and_the_others_go_on(store):
    plan = study(seeds=2, arms={"broken": BROKEN})
    ended = ends(train(store, plan))
    assert {place: event.outcome for place, event in ended.items()} == {
        ("baseline", 0): "completed",
        ("broken", 0): "failed",
        ("baseline", 1): "completed",
        ("broken", 1): "failed",
    }
    assert "/nowhere/at/all.csv" in ended["broken", 0].reason
    kept = find_runs(store, "outcome=failed").runs
    assert [run.arm for run in kept] == ["broken", "broken"]
    assert kept[0].reason == ended["broken", 0].reason


def test_what_is_done_is_not_repeated_and_what_failed_is_tried_anew(store):
    plan = study(seeds=2, arms={"broken": BROKEN})
    train(store, plan)
    assert set(ends(train(store, plan))) == {("broken", 0), ("broken", 1)}
    assert find_runs(store, "outcome=completed").total == 2


def test_a_slot_that_somebody_else_has_done_meanwhile_is_passed_over(store):
    plan = study(seeds=2, arms={})
    early = slots_of(plan, store)
    train(store, plan)
    assert list(execute(early, store, device="cpu")) == []


def test_a_slot_that_another_process_takes_between_look_and_run_is_passed_over(store, monkeypatch):
    early = slots_of(study(), store)[:2]
    elsewhere = Store(store.home)
    theirs = execute(early[:1], elsewhere, device="cpu")
    next(theirs)
    monkeypatch.setattr(choosing, "look_again", lambda store, slot: slot)
    assert set(ends(execute(early, store, device="cpu"))) == {("batch norm", 0)}
    assert [slot.run.outcome for slot in slots_of(study(), store)[:2]] == [None, "completed"]
    theirs.close()
    elsewhere.close()


def test_a_slot_that_is_taken_costs_a_cohort_that_run_alone_and_leaves_nothing_of_it(store, monkeypatch):
    plan = study(seeds=3, arms={})
    early = slots_of(plan, store)
    elsewhere = Store(store.home)
    theirs = execute(early[1:2], elsewhere, device="cpu")
    _, begun = next(theirs)
    monkeypatch.setattr(choosing, "look_again", lambda store, slot: slot)
    assert set(ends(execute(early, store, device="cpu"))) == {("baseline", 0), ("baseline", 2)}
    made = {run.id for run in find_runs(store).runs} - {begun.run}
    assert {folder.name for folder in store.runs.iterdir()} - {begun.run} == made
    theirs.close()
    elsewhere.close()


def test_weights_that_were_trained_on_make_other_runs(store):
    train(store, study(seeds=1, arms={}))
    (source,) = [slot.run for slot in slots(store, study(seeds=1, arms={}))]
    weights = read_weights(source.folder / "best.safetensors", f"{source.id}:best")
    plan = replace(study(seeds=1, arms={}), origin=weights.origin)
    assert len(ends(train(store, plan, weights=weights))) == 1
    assert train(store, plan, weights=weights) == []
    now = time.time()
    store.write(lambda c: c.execute("UPDATE runs SET finished = ? WHERE id = ?", (now, source.id)))
    assert len(ends(train(store, plan, weights=weights))) == 1
    assert all(slot.is_done for slot in slots(store, plan))


def test_workers_read_weights_from_a_file_that_goes_with_the_study(store):
    train(store, study(seeds=1, arms={}))
    (source,) = [slot.run for slot in slots(store, study(seeds=1, arms={}))]
    weights = read_weights(source.folder / "best.safetensors", f"{source.id}:best")
    with executing._shared(weights) as (path, origin):
        found = read_weights(Path(path), origin)
        assert found.tensors.keys() == weights.tensors.keys()
        assert all(found.tensors[name].equal(tensor) for name, tensor in weights.tensors.items())
    assert not Path(path).parent.exists()


def test_a_stop_while_a_slot_is_looked_at_begins_no_run(store):
    control = Control()

    def looked_at():
        for slot in slots(store, study()):
            control.interrupt("signal SIGINT")
            yield slot

    assert list(execute(looked_at(), store, device="cpu", control=control)) == []
    assert find_runs(store).total == 0


def test_a_disk_that_stays_full_ends_the_study_and_not_each_of_its_runs(store, monkeypatch):
    monkeypatch.setattr(executing, "Recorder", partial(executing.Recorder, give_up_seconds=0.3))
    control = Control()
    store.write(lambda c: c.pragma("max_page_count", c.pragma("page_count")))
    plan = study(**{"training.epochs": 300})
    told = train(store, plan, control=control)
    assert ends(told).keys() == {("baseline", 0), ("baseline", 1)}, "one cohort"
    assert {event.outcome for event in ends(told).values()} == {"interrupted"}
    assert control.outcome == "interrupted"
    assert "no space left" in control.reason
    store.writer._connection.pragma("max_page_count", 1 << 30)


def test_two_arms_that_are_the_same_are_trained_once(store):
    plan = study(seeds=1, arms={"same": {"model.hidden": [8, 8]}})
    assert len(ends(train(store, plan))) == 1
    assert all(slot.is_done for slot in slots(store, plan))


def test_runs_have_one_thread_and_their_cell_s_name(store):
    told = train(store, study(seeds=1))
    started = [event for _, event in told if event.event == "run_started"]
    assert [event.num_threads for event in started] == [1, 1]
    assert [event.arm for event in started] == ["baseline", "batch norm"]


def test_a_stop_ends_the_run_and_begins_no_other_and_it_goes_on_under_its_id(store, long, alone):
    control, told = Control(), []
    for slot, event in execute(slots(store, long), store, device="cpu", control=control):
        told.append((slot, event))
        if event.event == "measured" and event.epoch == 50:
            control.stop("enough")
    assert {place: event.outcome for place, event in ends(told).items()} == {
        ("baseline", 0): "stopped",
        ("baseline", 1): "stopped",
    }
    again = train(store, long)
    assert find_runs(store).total == len(ends(again)) == 4
    assert left_by(long, store) == alone


def test_cohorts_of_any_size_give_the_bits_of_runs_that_are_trained_alone(tmp_path, monkeypatch):
    plan, found = study(seeds=6, arms={"quick": {"optimizer.lr": 0.01}, "wide": {"model.hidden": [9]}}), []
    for most in (1, 5, 8):
        monkeypatch.setattr(kinship, "cohort_size", lambda experiment, most=most: most)
        store = Store(tmp_path / str(most))
        train(store, plan)
        found.append(left_by(plan, store))
        store.close()
    assert found[0] == found[1] == found[2]
    assert {outcome for outcome, *_ in found[0].values()} == {"completed"}


def test_what_one_run_raises_amid_a_cohort_ends_that_run_alone(store, monkeypatch):
    def count(self, number, *step):
        if self.experiment.seed == 1 and number == 7:
            raise RuntimeError("a fault of torch's")
        count_it(self, number, *step)

    plan, count_it = study(seeds=3, arms={}), Trainer.count
    monkeypatch.setattr(Trainer, "count", count)
    told = train(store, plan)
    assert [ends(told)["baseline", seed].outcome for seed in range(3)] == ["completed", "failed", "completed"]
    assert ends(told)["baseline", 1].reason == "RuntimeError: a fault of torch's"
    assert find_runs(store).total == 3


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_beside_training_ends_the_study_and_is_raised(store, monkeypatch, jobs):
    def broken(*_, **__):
        raise OSError("store lost")

    monkeypatch.setattr("normlab.scale.execute.record_cohort", broken)
    with pytest.raises(OSError, match="store lost"):
        train(store, study(), jobs=jobs)


def test_a_store_that_cannot_be_written_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    store = Store(tmp_path / "home")
    told = train(store, study(seeds=1, arms={}))
    store.close()
    assert [event.outcome for event in ends(told).values()] == ["completed"]
    assert any("isn't kept" in event.message for _, event in told if event.event == "warned")


@pytest.mark.parametrize("how", [{"device": "cuda:77"}, {"device": "cpu", "jobs": 0}, {"jobs": 10**6}])
def test_misuse_is_told_before_anything_begins(store, how):
    with pytest.raises(ConfigError, match="cuda:77|--jobs"):
        execute([], store, **how)


@pytest.mark.slow
def test_workers_that_are_killed_and_closed_lose_nothing_and_give_the_bits_of_one_process(store, long, alone):
    """In one test, for each worker that is started imports torch: 5 s."""
    control, told, killed = Control(), [], []
    events = execute(slots(store, long), store, device="cpu", jobs=2, control=control, checkpoint_every=20)
    for slot, event in events:
        told.append((slot, event))
        if event.event == "measured" and event.epoch > 30 and not killed:
            killed = workers()
            send(killed, "SIGKILL")
        if len(ends(told)) == 2:
            break
    warned = [event.message for _, event in told if event.event == "warned" and "SIGKILL" in event.message]
    assert len(killed) == 2
    assert 1 <= len(warned) <= 4, "a worker between two cohorts has none to tell of"
    resumed = [event.resumed_at for _, event in told if event.event == "run_started" and event.resumed_at]
    assert resumed, "it went on from a checkpoint"
    send(workers(), "SIGINT", "SIGHUP", "SIGTERM")  # a terminal's signals are for the parent to heed
    until_all_train(events, 1)
    assert len(workers()) == 2
    events.close()
    assert workers() == []
    assert control.outcome == "interrupted"
    outcomes = [run.outcome for run in find_runs(store).runs]
    assert set(outcomes) == {"interrupted", "completed"}
    train(store, long)
    assert left_by(long, store) == alone
    assert find_runs(store).total == 4
    assert train(store, long, jobs=2) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_no_worker_outlives_a_parent_that_is_killed(tmp_path):
    plan = study(seeds=1, arms={}, **{"training.epochs": 100_000})

    def work(say):
        store = Store(tmp_path / "home")
        events = execute(slots(store, plan), store, device="cpu", jobs=2)
        until_all_train(events, 1)
        say(" ".join(map(str, workers())))
        for _ in events:
            pass

    child = Child(work)
    (pid,) = map(int, child.said.readline().split())
    assert is_alive(pid)
    child.kill_after(0)
    until = time.monotonic() + 2
    while time.monotonic() < until and is_alive(pid):
        time.sleep(0.01)
    assert not is_alive(pid)
    store = Store(tmp_path / "home")
    sweep(store)
    assert [run.outcome for run in find_runs(store).runs] == ["interrupted"]
    store.close()
