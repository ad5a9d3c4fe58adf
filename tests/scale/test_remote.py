"""Runs in a process that trains nothing: what becomes of them where it dies, raises, or is told to stop."""

import sys
import time
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from support.small_study import ends, slots_of, study, workers
from support.told import told

from normlab.engine.control import Control
from normlab.scale import process
from normlab.scale.execute import execute
from normlab.scale.messages import Run, Train
from normlab.scale.remote import DeathError, Worker, WorkerError
from normlab.scale.train import MAX_DEATHS, train_cohort
from normlab.store.find import find_run, find_runs
from normlab.store.record import AllCreated, Failure, record, record_cohort
from normlab.store.recorder import Recorder
from normlab.store.slots import slots
from normlab.store.store import Store


@pytest.fixture
def worker(monkeypatch):
    file = Path(__file__).parent.parent / "support" / "fake_worker.py"
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-P", str(file)))
    worker = Worker()
    yield worker
    worker.close()
    assert workers() == []


def wanted(*arms):
    experiment = study().preset.experiment
    runs = [
        Run(id=letter * 6, arm=arm, experiment=experiment, folder="/nowhere")
        for letter, arm in zip("abcdefgh", arms, strict=False)
    ]
    return Train(runs=tuple(runs), device="cpu")


def items(worker, asked, controls=None):
    return train_cohort(asked, controls or {run.id: Control() for run in asked.runs}, worker.train)


def train(worker, asked, controls=None):
    """Give the items that are about one run."""
    with closing(items(worker, asked, controls)) as all_items:
        yield from (item for item in all_items if not isinstance(item, AllCreated))


def of(run, seen):
    return [item for item in seen if item.run == run.id]


def test_events_come_through_as_they_were_told_and_the_process_stays_for_the_next_run(worker):
    asked = wanted("baseline")
    (run,) = asked.runs
    script = [event.model_dump_json() for event in told(run.id)]
    first = list(train(worker, asked))
    pid = worker.pid
    assert first[0].experiment == first[1].experiment == run.experiment
    assert [event.model_dump_json() for event in first[2:]] == script[2:]
    assert len(list(train(worker, asked))) == len(first)
    assert worker.pid == pid


def test_the_events_of_a_cohort_come_through_one_pipe(worker):
    asked = wanted("one", "other", "third")
    seen = list(train(worker, asked))
    for run in asked.runs:
        assert [item.event for item in of(run, seen)] == [event.event for event in told()]
        assert of(run, seen)[0].arm == run.arm
    assert seen[0].run != seen[1].run


def test_that_all_runs_are_created_is_said_before_any_goes_on(worker):
    said = list(items(worker, wanted("one", "other", "third")))
    place = next(place for place, item in enumerate(said) if isinstance(item, AllCreated))
    assert {item.event for item in said[:place]} == {"run_created"}
    assert [item.run for item in said[:place]] == ["aaaaaa", "bbbbbb", "cccccc"]
    assert not any(isinstance(item, AllCreated) for item in said[place + 1 :])


def test_a_run_that_is_trained_anew_by_itself_waits_for_no_other(worker):
    told = items(worker, wanted("fine", "dies"))
    seen = ["all" if isinstance(item, AllCreated) else getattr(item, "event", "failure") for item in told]
    after = [seen[place + 1] for place, what in enumerate(seen) if what == "run_created"]
    assert after == ["run_created", *["all"] * (MAX_DEATHS + 1)]


def test_what_a_run_raises_is_its_failure_and_the_process_stays(worker):
    *_, created, failure = train(worker, wanted("raises"))
    assert created.event == "run_created"
    assert isinstance(failure.error, WorkerError)
    assert str(failure.error) == "RuntimeError: a fault of torch's"
    assert workers() == [worker.pid]


def test_a_run_that_fails_before_it_is_told_is_created_first(worker):
    created, all_created, failure = items(worker, wanted("raises"))
    assert (created.event, failure.run) == ("run_created", created.run)
    assert isinstance(all_created, AllCreated)


def test_what_one_run_raises_ends_none_of_those_beside_it(worker):
    asked = wanted("fine", "raises", "also fine")
    seen = list(train(worker, asked))
    assert [of(run, seen)[-1].__class__.__name__ for run in asked.runs] == [
        "RunFinished", "Failure", "RunFinished",
    ]  # fmt: skip


def test_a_stop_reaches_its_run(worker):
    asked = wanted("waits", "beside it")
    controls = {run.id: Control() for run in asked.runs}
    waits, beside = asked.runs
    for event in train(worker, asked, controls):
        if event.run == waits.id and event.event == "measured" and event.epoch == 1:
            controls[waits.id].stop("enough")
    assert controls[beside.id].outcome is None
    assert event.event == "run_finished"


def test_who_closes_it_ends_the_process(worker):
    events = train(worker, wanted("baseline"))
    next(events)
    assert len(workers()) == 1
    events.close()
    assert workers() == []


def test_a_run_whose_worker_dies_each_time_is_given_up_and_says_what_was_said_last(worker):
    last = "killed by SIGKILL, saying half a word and the last one"
    *_, failure = train(worker, wanted("dies"))
    assert f"died {MAX_DEATHS} times, the last time {last}; " in str(failure.error)
    *_, failure = train(worker, wanted("exits"))
    assert "with exit code 7" in str(failure.error)


def test_an_error_after_a_death_is_the_runs_failure_at_once():
    asked, tries = wanted("baseline"), []

    def train_it(asked, controls):
        tries.append(asked)
        yield next(told(asked.runs[0].id))
        raise DeathError("killed") if len(tries) == 1 else RuntimeError("a fault of torch's")

    *_, failure = train_cohort(asked, {run.id: Control() for run in asked.runs}, train_it)
    assert str(failure.error) == "a fault of torch's"
    assert len(tries) == 2


def test_a_run_whose_slot_is_made_elsewhere_while_its_worker_dies_is_told_its_end(tmp_path):
    store = Store(tmp_path)
    slot = slots_of(study(seeds=1, arms={}), store)[0]
    asked, tries = wanted("baseline"), []

    def as_slot(run):
        for event in told(run):
            extra = {"experiment": slot.experiment} if hasattr(event, "experiment") else {}
            yield event.model_copy(update=extra)

    def train_it(asked, controls):
        tries.append(asked)
        events = as_slot("aaaaaa")
        yield from (next(events), next(events))
        if len(tries) == 1:
            list(record(as_slot("dddddd"), store))
            raise DeathError("killed")

    controls = {"aaaaaa": Control()}
    events = train_cohort(asked, controls, train_it)
    seen = list(record_cohort(events, {"aaaaaa": Recorder(store, controls["aaaaaa"], slot=slot)}))
    assert (seen[-1].event, seen[-1].outcome) == ("run_finished", "failed")
    assert "is done, as run dddddd" in find_run(store, "aaaaaa").reason
    store.close()


def test_each_death_but_the_last_is_told_as_a_warning(worker):
    *seen, failure = train(worker, wanted("dies"))
    assert isinstance(failure, Failure)
    assert sum(event.event == "warned" and "SIGKILL" in event.message for event in seen) == MAX_DEATHS - 1
    assert sum(event.event == "run_created" for event in seen) == MAX_DEATHS


def test_a_death_costs_none_of_the_runs_that_it_was_beside(worker):
    asked = wanted("fine", "dies", "also fine")
    seen = list(train(worker, asked))
    fine, dies, also = (of(run, seen) for run in asked.runs)
    assert fine[-1].event == also[-1].event == "run_finished"
    assert sum("SIGKILL" in getattr(event, "message", "") for event in fine) == 1
    assert isinstance(dies[-1], Failure)
    assert sum(getattr(event, "event", "") == "run_created" for event in dies) == MAX_DEATHS


def test_a_run_that_was_to_be_interrupted_before_it_began_is_not_tried_anew(worker, monkeypatch):
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", "pass"))
    asked, control = wanted("baseline"), Control()
    control.interrupt("signal SIGINT")
    assert list(train(worker, asked, {asked.runs[0].id: control})) == []
    assert workers() == []


@pytest.mark.parametrize("delay", ["at once", "once its worker is there"])
def test_a_run_that_is_to_end_before_its_worker_tells_anything_leaves_nothing(worker, store, delay):
    control = Control()

    def interrupt():
        while delay != "at once" and not workers():
            time.sleep(0.01)
        control.interrupt("signal SIGINT")

    plan, began = study(seeds=3, arms={"hangs": {"optimizer.lr": 0.5}}), time.monotonic()
    hanging = (slot for slot in slots(store, plan) if slot.cell.name == "hangs")
    thread = Thread(target=interrupt)
    thread.start()
    assert list(execute(hanging, store, device="cpu", jobs=2, control=control)) == []
    thread.join()
    assert time.monotonic() - began < 5
    assert workers() == []
    assert find_runs(store).total == 0
    assert not any(store.runs.glob("*"))


def test_two_at_the_same_study_make_each_run_once(worker, store):
    plan, others = study(seeds=12), Store(store.home)
    early, told = slots_of(plan, store), []

    def train(store):
        told.extend(execute(early, store, device="cpu", jobs=2))

    threads = [Thread(target=train, args=(each,)) for each in (store, others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    others.close()
    assert {event.outcome for event in ends(told).values()} == {"completed"}
    assert find_runs(store).total == len(ends(told)) == 24


def test_a_run_that_is_given_up_fails_and_the_others_go_on(worker, store):
    arms = {name: {"optimizer.lr": lr} for lr, name in enumerate(("dies", "raises", "fine"), 1)}
    plan = study(seeds=1, arms=arms)
    ended = ends(execute(slots(store, plan), store, device="cpu", jobs=2))
    assert {arm: event.outcome for (arm, _), event in ended.items()} == {
        "baseline": "completed",
        "dies": "failed",
        "raises": "failed",
        "fine": "completed",
    }
    assert "SIGKILL" in ended["dies", 0].reason
    kept = {run.arm: run for run in find_runs(store).runs}
    assert kept["dies"].reason == ended["dies", 0].reason
    assert kept["raises"].reason == "RuntimeError: a fault of torch's"
    assert len(kept) == 4


def test_a_pause_is_not_pulling(worker, store):
    events = execute(slots(store, study(seeds=50)), store, device="cpu", jobs=2)
    for _ in range(20):
        next(events)
    assert find_runs(store).total <= 32, "of 100: runs wait for who pulls them"
    events.close()
