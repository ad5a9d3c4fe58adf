"""What is told is on the disk, and what is on the disk is told again."""

import math
import threading
import time

import apsw
import pytest
from support.small_study import slots_of, study
from support.told import lasting, told

from normlab.core.errors import DataError, Problem
from normlab.engine.control import Control
from normlab.engine.events import Progress, RunCreated, Saving
from normlab.store import rows
from normlab.store.errors import StoreError
from normlab.store.find import find_run, find_runs
from normlab.store.record import AllCreated, Failure, record, record_cohort
from normlab.store.recorder import Recorder
from normlab.store.replay import curve, replay
from normlab.store.store import Store, open_store
from normlab.store.writer import Writer


def same(one, other):
    """Compare events by their JSON: a nan is not itself."""
    return [e.model_dump_json() for e in one] == [e.model_dump_json() for e in other]


def test_a_replay_tells_the_same_events_in_the_same_order(store):
    events = list(record(told(), store))
    assert same(events, told())
    assert same(replay("aaaaaa", store), lasting(events))


def test_numbers_that_are_not_finite_survive(store):
    losses = [math.inf, math.nan, -math.inf, 5e-324, 0.1 + 0.2]
    list(record(told(epochs=5, losses=losses), store))
    measured = [event for event in replay("aaaaaa", store) if event.event == "measured"]
    assert repr([event.metrics["train_loss"] for event in measured]) == repr(losses)
    steps, values = curve("aaaaaa", "train_loss", store)
    assert steps == [20, 40, 60, 80, 100]
    assert repr(values.tolist()) == repr(losses)


def test_an_epoch_is_on_the_disk_before_it_is_told(store):
    other = None
    for event in record(told(epochs=30), store):
        if event.event == "measured":
            other = other or apsw.Connection(str(store.path), flags=apsw.SQLITE_OPEN_READONLY)
            assert other.execute("SELECT count(*) FROM points WHERE step = ?", (event.step,)).get == 1
    assert other is not None


def test_a_checkpoint_is_told_once_its_row_is_on_the_disk(store):
    for event in record(told(), store):
        if event.event == "checkpoint_saved":
            sql = "SELECT count(*) FROM events WHERE event = 'checkpoint_saved'"
            assert apsw.Connection(str(store.path)).execute(sql).get == 1
            return
    raise AssertionError("no checkpoint was told")


def test_a_slow_disk_holds_up_what_is_told_but_not_the_training(store):
    list(record(told("bbbbbb"), store))
    pulled, gate = [], threading.Event()

    def events():
        for event in told(epochs=20, pause=0.01):
            pulled.append(event.event)
            if event.event == "run_started":  # from here on the disk takes its time
                store.writer.submit(lambda connection: gate.wait(5) and None)
            if pulled.count("measured") == 5:
                gate.set()
            yield event

    for event in record(events(), store):
        if event.event == "measured":
            assert pulled.count("measured") >= 5
            break
    else:
        raise AssertionError("nothing was told")


def test_a_run_in_single_steps_is_not_ahead_of_what_is_told(store):
    list(record(told("bbbbbb"), store))
    pulled, control = [], Control()
    control.stepping = True

    def events():
        for event in told(epochs=20):
            pulled.append(event.event)
            yield event

    for event in record(events(), store, control=control):
        if event.event == "measured":
            assert pulled.count("measured") == event.epoch


def test_how_far_a_run_is_comes_half_a_second_late_at_most(store):
    steps = []

    def events():
        for event in told(epochs=1):
            yield event
            if event.event == "progress":
                time.sleep(0.7)
                steps.append(find_run(store, "aaaaaa").step)

    list(record(events(), store))
    assert steps == [10]


def test_a_run_that_raises_is_kept_as_failed_and_its_error_goes_on(store):
    def events():
        yield from told(finish=False)
        raise DataError(Problem("data.csv", "is gone", "bring it back"))

    with pytest.raises(DataError, match="is gone"):
        list(record(events(), store))
    run = find_run(store, "aaaaaa")
    assert (run.outcome, run.reason) == ("failed", "data.csv: is gone; bring it back")
    assert run.last.epoch == 3
    assert [e.event for e in replay("aaaaaa", store)][-1] == "run_finished"


def test_a_run_that_nobody_pulls_to_its_end_is_interrupted_and_closed(store):
    closed = []

    def events():
        try:
            yield from told(epochs=50, pause=0.02)
        finally:
            closed.append(True)

    recorded = record(events(), store)
    while next(recorded).event != "measured":
        pass
    recorded.close()
    run = find_run(store, "aaaaaa")
    assert closed
    assert run.outcome == "interrupted"
    assert run.best.epoch >= 1


def fill(store):
    """Let the store grow no further, as on a full disk."""
    store.write(lambda connection: connection.pragma("max_page_count", connection.pragma("page_count")))


def free(store):
    store.writer._connection.pragma("max_page_count", 1 << 30)


def test_a_full_disk_holds_a_run_which_goes_on_when_there_is_space(store):
    list(record(told("bbbbbb"), store))
    fill(store)
    seen = []
    for event in record(told(epochs=200), store):
        seen.append(event)
        if event.event == "held" and "no space left" in event.reason:
            free(store)
    assert [event for event in seen if event.event == "held"]
    assert same(lasting(seen), lasting(told(epochs=200)))
    assert same(replay("aaaaaa", store), lasting(seen))


def test_a_disk_that_stays_full_ends_the_run_with_what_was_told_intact(store):
    list(record(told("bbbbbb"), store))
    seen = []
    for event in record(told(epochs=2000, pause=0.002), store, give_up_seconds=0.6):
        seen.append(event)
        if event.event == "measured" and event.epoch == 3:
            fill(store)
    assert seen[-1].event == "run_finished"
    assert seen[-1].outcome == "failed"
    assert "no space left" in seen[-1].reason
    told_epochs = [event.epoch for event in seen if event.event == "measured"]
    assert len(told_epochs) < 2000
    kept = {event.epoch for event in replay("aaaaaa", store) if event.event == "measured"}
    assert set(told_epochs) <= kept


def test_asking_a_held_run_to_stop_ends_it(store):
    list(record(told("bbbbbb"), store))
    fill(store)
    control, began = Control(), time.monotonic()
    for event in record(told(epochs=200), store, control=control):
        if event.event == "held":
            control.stop()
    assert event.outcome == "failed"
    assert time.monotonic() - began < 20
    free(store)


def test_a_full_disk_gives_a_study_no_result(store):
    slot, *_ = slots_of(study(), store)
    fill(store)
    *_, end = record(told(epochs=200), store, slot=slot, give_up_seconds=0.6)
    assert (end.event, end.outcome) == ("run_finished", "interrupted")
    assert "no space left" in end.reason
    free(store)


def test_a_run_that_its_control_has_ended_says_so_where_the_run_itself_does_not(store):
    control = Control()
    control.interrupt("signal SIGINT")
    list(record(told(finish=False), store, control=control))
    run = find_run(store, "aaaaaa")
    assert (run.outcome, run.reason) == ("interrupted", "signal SIGINT")


def test_a_resumed_run_keeps_its_earlier_epochs_and_measures_the_later_ones_anew(store):
    list(record(told(epochs=6, finish=False), store))
    list(record(told(epochs=6, first=4, losses=[9, 9, 9, 0.4, 0.3, 0.2]), store))
    assert find_runs(store).total == 1
    events = list(replay("aaaaaa", store))
    assert [e.epoch for e in events if e.event == "measured"] == [1, 2, 3, 4, 5, 6]
    assert [e.metrics["train_loss"] for e in events if e.event == "measured"][3:] == [0.4, 0.3, 0.2]
    assert [e.event for e in events].count("run_finished") == 1
    assert find_run(store, "aaaaaa").outcome == "completed"


def test_a_run_that_another_process_has_is_left_alone(store, home):
    first = record(told(epochs=50, pause=0.02), store)
    while next(first).event != "measured":
        pass
    other, pulled = Store(home), []

    def events():
        for event in told(epochs=50):
            pulled.append(event.event)
            yield event

    other.write(
        lambda c: c.execute("UPDATE owners SET started = started - 1")
    )  # as another process would have
    with pytest.raises(StoreError, match="under way in another process"):
        list(record(events(), other))
    assert pulled == ["run_created"], "nothing is trained, so nothing is saved"
    other.close()
    assert find_run(store, "aaaaaa").outcome is None
    first.close()


def test_a_key_press_that_ends_python_ends_the_run_as_interrupted(store):
    def events():
        yield from told(finish=False)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(record(events(), store))
    assert find_run(store, "aaaaaa").outcome == "interrupted"


def test_a_run_that_is_resumed_and_stopped_earlier_ends_where_it_stopped(store):
    list(record(told(epochs=9, finish=False), store))
    list(record(told(epochs=6, first=6), store))
    events = list(replay("aaaaaa", store))
    assert [e.epoch for e in events if e.event == "measured"] == [1, 2, 3, 4, 5, 6]
    assert events[-1].event == "run_finished"
    assert find_run(store, "aaaaaa").last.epoch == 6


def test_what_is_saved_after_a_stop_is_told_before_the_end(store):
    def events():
        for event in told(epochs=3):
            if event.event == "checkpoint_saved":
                yield Progress(run="aaaaaa", epoch=4, step=67, seconds=1.0)
                yield event.model_copy(update={"step": 40, "epoch": 2})
                yield event.model_copy(update={"step": 67, "epoch": 4, "name": "last"})
            else:
                yield event

    list(record(events(), store))
    assert [e.event for e in replay("aaaaaa", store)][-4:] == [
        "measured", "checkpoint_saved", "checkpoint_saved", "run_finished",
    ]  # fmt: skip


def test_everything_before_weights_are_saved_is_on_the_disk_first(store):
    def events():
        yield from told(epochs=30, finish=False)
        yield Saving(run="aaaaaa", epoch=30, step=600)
        with store.read() as connection:
            kept.append(connection.execute("SELECT count(*) FROM points").get)

    kept = []
    list(record(events(), store))
    assert kept == [30]


def test_a_disk_that_is_full_when_weights_are_to_be_saved_ends_the_run_once(store):
    list(record(told("bbbbbb"), store))

    def events():
        yield from told(epochs=500, finish=False)
        yield Saving(run="aaaaaa", epoch=500, step=10_000)
        raise AssertionError("the weights must not be ahead of what is kept")

    fill(store)
    seen = [event.event for event in record(events(), store, give_up_seconds=0.6)]
    assert seen.count("run_finished") == 1
    assert seen[-1] == "run_finished"
    free(store)


def test_a_store_that_cannot_be_written_lets_the_run_go_on_with_a_warning(home, monkeypatch):
    home.mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    store = Store(home)
    events = list(record(told(), store))
    warnings = [event.message for event in events if event.event == "warned"]
    assert any("isn't kept" in message and "NORMLAB_HOME" in message for message in warnings)
    assert events[-1].outcome == "completed"
    assert not store.path.exists()


def test_recording_needs_no_more_than_the_events(home):
    list(record(told()))
    store = open_store()
    assert store.path == home / "lab.db"
    assert find_run(store, "aaa").id == "aaaaaa"
    store.close()


def cohort(store, slots=(None, None), events=None, **how):
    """Record two runs whose events come in turn; give their controls, and what is told."""
    controls = {"aaaaaa": Control(), "bbbbbb": Control()}
    recorders = {
        run: Recorder(store, control, slot=slot, **how)
        for (run, control), slot in zip(controls.items(), slots, strict=True)
    }
    events = events or together(told("aaaaaa"), told("bbbbbb"))
    return controls, record_cohort(events, recorders)


def in_turn(*runs):
    for pair in zip(*runs, strict=True):
        yield from pair


def together(*runs):
    """Give the events of runs as they come where they are trained together."""
    yield from [next(run) for run in runs]
    yield AllCreated()
    yield from in_turn(*runs)


def of(run, events):
    return [event for event in events if event.run == run]


def put_in_slot(store, slot, run):
    """Let a kept run stand in a slot."""
    mark = slot.fingerprint, slot.experiment.model_dump_json(), run
    sql = "UPDATE runs SET fingerprint = ?, experiment = ? WHERE id = ?"
    store.write(lambda connection: connection.execute(sql, mark))


def test_the_runs_of_a_cohort_are_kept_as_if_each_were_recorded_alone(store):
    seen = list(cohort(store)[1])
    for run in ("aaaaaa", "bbbbbb"):
        assert same(of(run, seen), told(run))
        assert same(replay(run, store), lasting(told(run)))
        assert find_run(store, run).outcome == "completed"
        assert (store.runs / run / "run.jsonl").exists()


def test_a_run_of_a_cohort_whose_slot_is_taken_is_dropped_and_the_others_go_on(store):
    slot = slots_of(study(), store)[0]
    list(record(told("cccccc"), store))
    put_in_slot(store, slot, "cccccc")
    controls, recorded = cohort(store, slots=(slot, None))
    seen = list(recorded)
    assert of("aaaaaa", seen) == []
    assert same(of("bbbbbb", seen), told("bbbbbb"))
    assert (controls["aaaaaa"].outcome, controls["bbbbbb"].outcome) == ("interrupted", None)
    assert {run.id for run in find_runs(store).runs} == {"bbbbbb", "cccccc"}


def test_no_run_of_a_cohort_goes_on_before_all_are_kept_and_that_takes_one_commit(store, monkeypatch):
    commits, pulled = [], []
    commit = Writer._commit

    def counted(writer, batch):
        commits.append(len(batch))
        return commit(writer, batch)

    def events():
        for item in together(told("aaaaaa"), told("bbbbbb")):
            if isinstance(item, Progress):
                assert {run.id for run in find_runs(store).runs} == {"aaaaaa", "bbbbbb"}
                pulled.append(item)
            yield item

    store.write(lambda connection: None)
    store.writer._rested = time.monotonic() + 60  # it would rest, were nobody waiting
    monkeypatch.setattr(Writer, "_commit", counted)
    seen = cohort(store, events=events())[1]
    assert [next(seen).event for _ in range(2)] == ["run_created"] * 2
    assert (commits, pulled) == ([2], [])
    list(seen)
    assert pulled


def test_the_end_of_a_run_is_told_once_though_others_are_created_after_it(store):
    def events():
        first, other = told("aaaaaa"), told("bbbbbb")
        yield from (next(first), AllCreated())
        yield Failure("aaaaaa", RuntimeError("of a bug"))
        yield from (next(other), AllCreated())
        yield from other

    seen = list(cohort(store, events=events())[1])
    assert [event.event for event in of("aaaaaa", seen)] == ["run_created", "run_finished"]
    assert same(of("bbbbbb", seen), told("bbbbbb"))


def test_a_run_that_fails_before_it_is_begun_is_kept_unless_its_slot_is_taken(store):
    slot = slots_of(study(), store)[0]

    def events():
        yield from (next(told("aaaaaa")), next(told("bbbbbb")), AllCreated())
        for run in ("aaaaaa", "bbbbbb"):
            yield Failure(run, RuntimeError("of a bug"))

    list(record(told("cccccc"), store))
    put_in_slot(store, slot, "cccccc")
    seen = list(cohort(store, slots=(slot, None), events=events())[1])
    assert [(event.run, event.event) for event in seen] == [
        ("bbbbbb", "run_created"),
        ("bbbbbb", "run_finished"),
    ]
    assert {run.id for run in find_runs(store).runs} == {"bbbbbb", "cccccc"}


def test_a_run_whose_creation_is_still_being_kept_gets_an_end(store):
    def events():
        store.writer._rested = time.monotonic() + 60  # its creation waits
        yield next(told("aaaaaa"))

    store.write(lambda connection: None)
    seen = list(cohort(store, events=events())[1])
    assert [event.event for event in seen] == ["run_created", "run_finished"]
    assert find_run(store, "aaaaaa").outcome == "failed"


def test_a_run_whose_slot_is_taken_amid_its_creation_writes_to_no_other_run(store, home, monkeypatch):
    first, second = slots_of(study(), store)[:2]
    others, commit = Store(home), Writer._commit

    def create(run, slot):
        return RunCreated(run=run, arm="x", experiment=slot.experiment, device="cpu")

    def begin_elsewhere(run, slot):
        recorder = Recorder(others, Control(), slot=slot)
        list(recorder.take(create(run, slot)))
        assert list(recorder.tell_created())

    def late(writer, batch):
        if writer is store.writer and len(batch) == 1:  # the other run's slot was taken: one by one now
            monkeypatch.setattr(Writer, "_commit", commit)
            begin_elsewhere("dddddd", first)
        return commit(writer, batch)

    def events():
        yield from (create("aaaaaa", first), create("bbbbbb", second), AllCreated())

    store.write(lambda connection: None)
    begin_elsewhere("cccccc", second)
    store.writer._rested = time.monotonic() + 60
    monkeypatch.setattr(Writer, "_commit", late)
    assert list(cohort(store, slots=(first, second), events=events())[1]) == []
    store.write(lambda connection: None)  # what was handed over before is written
    assert {(run.id, run.outcome) for run in find_runs(store).runs} == {("cccccc", None), ("dddddd", None)}
    others.close()


def test_a_run_that_a_full_disk_has_ended_is_not_begun_again(store, monkeypatch):
    list(record(told("cccccc"), store))

    def events():
        run, again = told("aaaaaa", epochs=400, finish=False), told("aaaaaa", epochs=400)
        yield from (next(run), AllCreated())
        fill(store)
        store.writer._rested = time.monotonic() + 60
        yield from run
        yield from (next(again), AllCreated())

    monkeypatch.setattr(store, "free_spare", lambda: free(store))
    seen = list(cohort(store, events=events(), give_up_seconds=0.3)[1])
    assert [event.event for event in seen].count("run_finished") == 1
    assert seen[-1].event == "run_finished"
    assert find_run(store, "aaaaaa").outcome == "failed"


@pytest.mark.parametrize("error", [apsw.SQLError("odd"), ValueError("odd")])
def test_an_evaluation_that_cant_be_kept_ends_its_own_run_alone(store, monkeypatch, error):
    insert = rows.insert_point

    def refuse(connection, number, sequence, event):
        if event.run == "aaaaaa":
            raise error
        insert(connection, number, sequence, event)

    monkeypatch.setattr(rows, "insert_point", refuse)
    seen = list(cohort(store, events=together(told("aaaaaa", pause=0.01), told("bbbbbb")))[1])
    assert same(of("bbbbbb", seen), told("bbbbbb"))
    assert find_run(store, "bbbbbb").outcome == "completed"
    assert find_run(store, "aaaaaa").outcome is not None


def test_who_leaves_while_ends_are_told_leaves_no_run_under_way(store, monkeypatch):
    commit = Writer._commit

    def slow(writer, batch):
        time.sleep(0.05)  # so that the end isn't told before the error, mostly
        return commit(writer, batch)

    def events():
        first, other = told("aaaaaa"), told("bbbbbb", finish=False)
        yield from (next(first), next(other), AllCreated())
        yield from other
        monkeypatch.setattr(Writer, "_commit", slow)
        yield from first
        raise RuntimeError("of a bug")

    recorded = cohort(store, events=events())[1]
    assert next(event for event in recorded if event.event == "run_finished").run == "aaaaaa"
    recorded.close()
    assert find_run(store, "aaaaaa").outcome == "completed"
    assert find_run(store, "bbbbbb").outcome in ("failed", "interrupted")


def test_a_failure_of_one_run_is_its_end_with_what_it_had_measured(store):
    def events():
        yield from together(told("aaaaaa", finish=False), told("bbbbbb", finish=False))
        yield Failure("aaaaaa", DataError(Problem("data.csv", "is gone", "bring it back")))
        yield from list(told("bbbbbb"))[-2:]

    seen = list(cohort(store, events=events())[1])
    assert of("aaaaaa", seen)[-1].outcome == "failed"
    assert of("aaaaaa", seen)[-1].reason == "data.csv: is gone; bring it back"
    assert of("aaaaaa", seen)[-1].last.epoch == 3
    assert find_run(store, "aaaaaa").outcome == "failed"
    assert find_run(store, "bbbbbb").outcome == "completed"


@pytest.mark.parametrize(("error", "outcome"), [(RuntimeError, "failed"), (KeyboardInterrupt, "interrupted")])
def test_what_ends_a_cohort_ends_its_runs_under_way(store, error, outcome):
    def broken():
        yield from told("aaaaaa")
        yield from told("bbbbbb", finish=False)
        raise error

    with pytest.raises(error):
        list(cohort(store, events=broken())[1])
    assert find_run(store, "aaaaaa").outcome == "completed"
    assert find_run(store, "bbbbbb").outcome == outcome


def test_who_leaves_a_cohort_interrupts_its_runs_and_their_states_are_not_ahead_of_what_is_kept(store):
    kept = []

    def events():
        try:
            yield from together(told("aaaaaa", epochs=50), told("bbbbbb", epochs=50))
        finally:
            with store.read() as connection:
                kept.append(connection.execute("SELECT count(*) FROM points").get)

    taken, recorded = [], cohort(store, events=events())[1]
    while len(taken) < 9:
        taken.append(next(recorded))
    recorded.close()
    with store.read() as connection:
        assert kept == [connection.execute("SELECT count(*) FROM points").get]
    assert [find_run(store, run).outcome for run in ("aaaaaa", "bbbbbb")] == ["interrupted"] * 2


def test_a_run_of_a_cohort_that_a_full_disk_ends_is_ended_by_its_control_and_the_others_go_on(
    store, monkeypatch
):
    list(record(told("cccccc"), store))
    ended_by = []

    def interrupt(control, reason):
        ended_by.append(control)
        free(store)

    monkeypatch.setattr(Control, "interrupt", interrupt)
    fill(store)
    events = together(told("aaaaaa", epochs=200), told("bbbbbb", epochs=200))
    controls, recorded = cohort(store, events=events, give_up_seconds=0.3)
    seen = [event for event in recorded if event.event == "run_finished"]
    assert [event.outcome for event in seen] == ["failed", "completed"]
    assert ended_by == [controls[seen[0].run]]
    assert find_run(store, seen[0].run).outcome == "failed"


def test_a_cohort_that_cannot_be_kept_is_trained_with_a_warning_for_each_run(home, monkeypatch):
    home.mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: False)

    def events():
        yield from together(told("aaaaaa", finish=False), told("bbbbbb", finish=False))
        yield Failure("aaaaaa", RuntimeError("a fault"))
        yield from list(told("bbbbbb"))[-1:]

    seen = list(cohort(Store(home), events=events())[1])
    warned = [event.run for event in seen if "isn't kept" in getattr(event, "message", "")]
    assert warned == ["aaaaaa", "bbbbbb"]
    failed, completed = (event for event in seen if event.event == "run_finished")
    assert (failed.outcome, failed.last.epoch, failed.reason) == ("failed", 3, "RuntimeError: a fault")
    assert completed.outcome == "completed"


def test_the_end_of_a_run_of_a_cohort_holds_no_other_up_and_is_told_once_it_is_kept(store):
    seen = []

    def events():
        yield from told("aaaaaa")
        created, *rest = told("bbbbbb")
        yield created
        until = time.monotonic() + 10
        while not any(event.event == "run_finished" for event in seen) and time.monotonic() < until:
            yield Progress(run="bbbbbb", epoch=1, step=1, seconds=0.1)
        yield from rest

    for event in cohort(store, events=events())[1]:
        if event.event == "run_finished":
            assert find_run(store, event.run).outcome == "completed"
        seen.append(event)
    ends = [index for index, event in enumerate(seen) if event.event == "run_finished"]
    assert [seen[index].run for index in ends] == ["aaaaaa", "bbbbbb"]
    assert same(of("aaaaaa", seen), told("aaaaaa"))
    assert (store.runs / "aaaaaa" / "run.jsonl").exists()


def test_an_error_that_ends_a_cohort_takes_no_end_from_who_looks_on(store):
    def events():
        yield from told("aaaaaa")
        raise RuntimeError("of a bug")

    seen, recorded = [], cohort(store, events=events())[1]
    with pytest.raises(RuntimeError, match="of a bug"):
        seen.extend(recorded)
    assert same(of("aaaaaa", seen), told("aaaaaa"))


@pytest.mark.parametrize(("odd", "other"), [("aaaaaa", "bbbbbb"), ("bbbbbb", "aaaaaa")])
def test_a_run_of_a_cohort_whose_end_cant_be_kept_takes_no_other_with_it(store, monkeypatch, odd, other):
    finish = rows.finish_run

    def refuse(connection, number, event, when):
        if event.run == odd:
            raise StoreError(Problem("lab.db", "is odd", "mend it"))
        finish(connection, number, event, when)

    monkeypatch.setattr(rows, "finish_run", refuse)

    seen = list(cohort(store)[1])
    assert not any(event.event == "run_finished" for event in of(odd, seen))
    assert same(of(other, seen), told(other))


def test_a_cohort_that_is_recorded_without_more_words_keeps_each_run_by_its_own_id(store):
    seen = list(record(in_turn(told("aaaaaa"), told("bbbbbb")), store))
    for run in ("aaaaaa", "bbbbbb"):
        assert same(of(run, seen), told(run))
        assert same(replay(run, store), lasting(told(run)))
        assert find_run(store, run).outcome == "completed"


def test_an_error_ends_all_runs_that_are_recorded_together_and_were_under_way(store):
    def events():
        yield from told("aaaaaa")
        yield from list(told("bbbbbb"))[:5]
        raise DataError(Problem("x.csv", "is damaged", "mend it"))

    seen, recorded = [], record(events(), store)
    with pytest.raises(DataError, match="damaged"):
        seen.extend(recorded)
    assert same(of("aaaaaa", seen), told("aaaaaa"))
    assert find_run(store, "aaaaaa").outcome == "completed"
    assert (find_run(store, "bbbbbb").outcome, find_run(store, "bbbbbb").reason) == (
        "failed",
        "x.csv: is damaged; mend it",
    )


def test_an_end_that_cant_be_kept_is_an_error_though_another_run_goes_on(store, monkeypatch):
    finish = rows.finish_run

    def refuse(connection, number, event, when):
        if event.run == "aaaaaa":
            raise StoreError(Problem("lab.db", "is odd", "mend it"))
        finish(connection, number, event, when)

    monkeypatch.setattr(rows, "finish_run", refuse)

    def events():
        yield from told("aaaaaa")
        created, *rest = told("bbbbbb")
        yield created
        time.sleep(0.2)  # the other's end has failed by now
        yield from rest

    with pytest.raises(StoreError, match="is odd"):
        list(record(events(), store))
