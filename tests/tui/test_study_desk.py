"""The study on the desk, without a screen: looked up, run, stopped, reckoned."""

import threading
import time
from types import SimpleNamespace

import pytest
from support.kept import keep
from support.runs import experiment
from support.script import script
from support.studies import Scripted, study

from normlab.core.errors import ConfigError
from normlab.engine.events import RunStarted
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.settings import change
from normlab.scale.estimate import Estimate
from normlab.store.store import open_store
from normlab.store.studies import find_studies
from normlab.tui.arms import add_arm, with_seeds
from normlab.tui.reckoning import Wish
from normlab.tui.session import Session
from normlab.tui.study_desk import StudyDesk
from normlab.tui.study_training import Scale
from normlab.views import board as boards


class Desk(StudyDesk):
    """A desk whose threads are kept, to wait for."""

    def __init__(self, preset=None, scripted=None, session=None):
        self.threads = []
        session = session or Session(self.spawn, lambda run: script(run, seconds_each=0.02))
        session.device = "cpu"
        super().__init__(session, open_store, self.spawn, preset, (scripted or Scripted()).scale())

    def spawn(self, job):
        thread = threading.Thread(target=job, daemon=True)
        self.threads.append(thread)
        thread.start()

    def settle(self):
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()

    def made(self):
        self.look()
        self.settle()
        self.run()
        self.settle()


def wait(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


class Turn:
    """A session's turn that counts who asks for it."""

    def __init__(self):
        self.lock, self.tries = threading.Lock(), 0

    def acquire(self, *args, **options):
        self.tries += 1
        return self.lock.acquire(*args, **options)

    def release(self):
        self.lock.release()

    def __enter__(self):
        self.acquire()

    def __exit__(self, *_):
        self.release()


def wish(*cells):
    return Wish("val_loss", "epoch", cells)


def test_a_study_is_looked_up_run_and_kept_and_nothing_is_repeated():
    desk = Desk(study(seeds=2))
    desk.look()
    desk.settle()
    assert (desk.board.num_runs, desk.board.num_ended) == (6, 0)
    assert find_studies(open_store()) == []
    scripted = Scripted()
    desk._scale = scripted.scale()
    desk.run()
    desk.settle()
    assert desk.board.is_complete
    assert desk.stage == "idle"
    assert len(scripted.begun) == 6
    assert len(find_studies(open_store())) == 1
    desk.run()
    desk.settle()
    assert len(scripted.begun) == 6


def test_what_was_made_before_is_there_at_once():
    Desk(study(seeds=2)).made()
    other = Desk(study(seeds=2))
    other.look()
    other.settle()
    assert other.board.is_complete
    assert {change.arm for change in other.changes} == {"batch norm", "layer norm, and a rate"}


def test_a_single_run_with_the_same_settings_counts():
    keep({"training.epochs": 6}, epochs=6)
    desk = Desk(study(seeds=2))
    desk.look()
    desk.settle()
    assert list(desk.board.histories) == [("baseline", 0)]


def test_while_it_runs_the_plan_stays():
    desk = Desk(study(seeds=2), Scripted(holds_at=1))
    desk.run()
    wait(lambda: desk.stage == "running" and desk.board and desk.board.histories)
    with pytest.raises(ConfigError, match="is being run"):
        desk.load(study(seeds=3))
    with pytest.raises(ConfigError, match="is being run"):
        desk.add(Experiment())
    desk.stop()
    assert desk.stage == "ending"
    desk.settle()
    assert desk.stage == "idle"
    assert desk.board.num_ended == 1


def test_a_pause_holds_it_and_a_stop_ends_a_pause(monkeypatch):
    desk = Desk(study(seeds=2))
    desk.look()
    desk.settle()
    seen = []
    fold = boards.Board.fold

    def folds(board, slot, event):
        fold(board, slot, event)
        seen.append(event)
        if len(seen) == 3:
            desk.pause()

    monkeypatch.setattr(boards.Board, "fold", folds)
    desk.run()
    wait(lambda: desk._wake._waiters)
    assert desk.stage == "paused"
    assert len(seen) == 3
    assert desk.session.beside == "study 0/6 paused"  # so that the Lab knows what it waits for
    desk.pause()
    assert desk.session.beside == "study 0/6"
    wait(lambda: len(seen) > 10)
    desk.pause()
    desk.stop()
    assert "paused" not in desk.session.beside
    desk.settle()
    assert desk.stage == "idle"
    assert desk.session.beside == ""


def test_a_study_waits_for_the_labs_run_and_the_lab_for_the_study():
    desk = Desk(study(seeds=1))
    session = desk.session
    session.turn = turn = Turn()
    session.queue(Experiment())
    session.pause()
    wait(lambda: session.current is not None)
    tries = turn.tries
    desk.run()
    wait(lambda: turn.tries > tries + 1)
    assert desk.stage == "waiting"
    assert not desk.board
    session.resume()
    desk.settle()
    assert desk.board.is_complete

    desk = Desk(study(seeds=2), Scripted(holds_at=1), session)
    desk.run()
    wait(lambda: desk.stage == "running")
    wait(lambda: desk.board and desk.board.num_ended == 4)
    tries = turn.tries
    run = session.queue(change(Experiment(), {"seed": 3}))
    wait(lambda: turn.tries > tries)
    assert not run.taken
    assert session.beside.endswith("/6")
    desk.stop()
    desk.settle()
    wait(lambda: run.finished)
    assert session.beside == ""


def test_it_trains_until_the_last_run_has_ended_though_a_failed_one_is_tried_anew():
    keep({"training.epochs": 6, "model.norm.kind": "layer", "optimizer.lr": 0.01}, epochs=6, outcome="failed")
    desk, seen = Desk(study(seeds=1)), []

    def watched(found, store, **how):
        for slot, event in Scripted().execute(found, store, **how):
            yield slot, event
            if event.event == "run_finished":
                seen.append(desk.trains)

    desk._scale = Scale(watched, lambda *_: None)
    desk.look()
    desk.settle()
    assert desk.board.num_ended == 1
    desk.run()
    assert desk.trains
    desk.settle()
    assert seen == [True, True, False]
    assert not desk.trains


def test_a_study_that_waits_can_be_stopped():
    desk = Desk(study(seeds=1))
    with desk.session.turn:
        desk.run()
        wait(lambda: desk.stage == "waiting")
        desk.stop()
        desk.settle()
    assert desk.stage == "idle"
    assert find_studies(open_store()) == []


def test_leaving_interrupts_and_saves():
    desk = Desk(study(seeds=2), Scripted(holds_at=2))
    desk.run()
    wait(lambda: desk.board and desk.board.num_ended == 2)
    desk.interrupt("the lab was left")
    desk.settle()
    again = Desk(study(seeds=2))
    again.look()
    again.settle()
    assert again.board.num_ended == 2


def test_verdicts_wait_for_all_runs_and_summaries_do_not():
    desk = Desk(study(), Scripted(holds_at=10))
    desk.run()
    wait(lambda: desk.board and desk.board.num_ended == 10)
    desk.ask(wish("baseline"))
    wait(lambda: desk.reckoning.summaries)
    assert not desk.reckoning.verdicts
    assert not desk.reckoning.caveats
    assert [each.cell for each in desk.reckoning.bands] == ["baseline"]
    desk.stop()
    desk.settle()
    desk._scale = Scripted(diverges={("layer norm, and a rate", 5)}).scale()
    desk.run()
    desk.settle()
    desk.ask(wish("baseline", "batch norm"))
    desk.settle()
    (verdict,) = desk.reckoning.verdicts
    assert verdict.verdict == "supported"
    assert any("1 of 18 runs diverged" in caveat for caveat in desk.reckoning.caveats)
    threads = len(desk.threads)
    desk.ask(wish("baseline", "batch norm"))
    assert len(desk.threads) == threads


def test_what_is_broken_is_told_and_not_asked_for_again(monkeypatch):
    desk = Desk(study(seeds=1))
    desk.made()

    def breaks(*_):
        raise RuntimeError("out of \x1b[31m luck")

    monkeypatch.setattr("normlab.tui.study_desk.reckon", breaks)
    desk.ask(wish("baseline"))
    desk.settle()
    assert desk.trouble == "RuntimeError: out of ⟨U+001B⟩[31m luck"
    threads = len(desk.threads)
    desk.ask(wish("baseline"))
    assert len(desk.threads) == threads


def test_more_seeds_are_a_second_look_and_a_third_is_refused():
    desk = Desk(study(seeds=6))
    desk.made()
    desk.load(with_seeds(desk.preset, 8))
    desk.settle()
    assert desk.board.study.looks == (6, 8)
    assert desk.board.num_ended == 18
    desk.run()
    desk.settle()
    assert desk.board.study.looks == (6, 8)
    desk.load(with_seeds(desk.preset, 10))
    desk.settle()
    desk.run()
    desk.settle()
    assert "third look" in desk.trouble
    desk.load(with_seeds(desk.preset, 6))
    desk.settle()
    assert desk.board.study.looks == (6, 8)


def test_what_cannot_be_run_is_told():
    desk = Desk(
        study(seeds=2, more='[[claims]]\ntext="x"\narm="batch norm"\nmetric="val_rmse"\ndirection="lower"\n')
    )
    desk.look()
    desk.settle()
    assert desk.board is None
    assert "is not measured" in desk.trouble


def test_a_study_from_nothing_begins_with_its_baseline():
    desk = Desk()
    assert desk.add(Experiment()) == "baseline"
    assert desk.add(change(Experiment(), {"model.norm.kind": "layer"})) == "norm = layer"
    desk.settle()
    assert desk.board.num_runs == 20


def test_a_second_look_that_finds_nothing_new_keeps_what_was_reckoned():
    desk = Desk(study(seeds=2))
    desk.made()
    board = desk.board
    desk.look()
    desk.settle()
    assert desk.board is board
    desk.load(study(seeds=3))
    desk.settle()
    assert desk.board is not board
    assert desk.board.num_ended == 6


def test_a_tiny_study_is_trained_in_earnest():
    preset = Preset(title="tiny", experiment=experiment())
    desk = Desk(add_arm(preset, experiment({"model.norm.kind": "batch"})))
    desk._scale = None
    desk.load(with_seeds(desk.preset, 2))
    desk.settle()
    assert desk.estimate.num_left == 4
    assert desk.estimate.seconds_with(1) > 0
    desk.run()
    desk.settle()
    assert not desk.trouble
    assert desk.board.is_complete
    assert {history.outcome for history in desk.board.histories.values()} == {"completed"}
    desk.ask(wish("baseline", "norm = batch"))
    desk.settle()
    assert all(summary.num_failed == 0 for summary in desk.reckoning.summaries.values())
    assert len(desk.reckoning.summaries) == 2


class Clocked(Scripted):
    """A script whose every event takes a second of a clock; it notes what is left after each."""

    def __init__(self, monkeypatch):
        super().__init__()
        self.now, self.left, self.desk = 0.0, [], None
        clock = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr("normlab.tui.study_training.time", clock)

    def execute(self, slots, store, *, device, jobs, control):
        for told in super().execute(slots, store, device=device, jobs=jobs, control=control):
            self.now += 1.0
            yield told
            self.left.append(self.desk.seconds_left)


def clocked(monkeypatch, seeds=2):
    """A desk with such a script."""
    scripted = Clocked(monkeypatch)
    desk = scripted.desk = Desk(study(seeds=seeds), scripted)
    desk.look()
    desk.settle()
    return desk, scripted


def test_the_time_that_is_left_comes_from_what_was_made(monkeypatch):
    desk, scripted = clocked(monkeypatch)
    desk.run()
    desk.settle()
    each = len(scripted.left) / 6
    for runs in (1, 3, 5):  # the first two events are not counted: there torch is loaded
        assert scripted.left[int(runs * each) - 1] == pytest.approx((6 - runs) * each, rel=0.2)
    assert scripted.left[-1] == 0.0
    assert desk.share == 1.0


def test_what_a_run_that_goes_on_brings_along_was_not_made_in_no_time(monkeypatch):
    def stops(run, seconds_each):
        for number, event in enumerate(script(run)):
            yield event
            if number == 7:
                run.control.stop()

    desk, _ = clocked(monkeypatch)
    monkeypatch.setattr("support.studies.script", stops)
    desk.run()
    desk.settle()
    assert desk.board.num_ended == 0
    ((place, history),) = desk.board.histories.items()
    assert history.outcome == "stopped"
    assert history.step > 0.3 * history.num_steps
    left = []

    def goes_on(slots, store, *, device, jobs, control):
        slot = next(slot for slot in slots if (slot.cell.name, slot.seed) == place)
        yield (
            slot,
            RunStarted(
                run=slot.run.id, arm="baseline", seed=0, experiment=slot.experiment, device="cpu", num_threads=1,
                num_parameters=1, num_train=1, num_val=1, steps_per_epoch=20, num_steps=history.num_steps,
                resumed_at=history.step,
            ),
        )  # fmt: skip
        left.append(desk.seconds_left)

    desk._scale = Scale(goes_on, lambda slots, device: None)
    desk.run()
    desk.settle()
    assert not desk.trouble
    assert left == [None]


def test_before_every_arm_had_a_run_the_estimate_counts_too(monkeypatch):
    desk, scripted = clocked(monkeypatch)
    desk.estimate = Estimate(num_runs=6, num_done=0, num_left=6, run_seconds=1_000.0)
    desk.run()
    desk.settle()
    each = len(scripted.left) // 6
    assert scripted.left[0] == 1_000.0
    assert 5 * each < scripted.left[each - 1] < 1_000.0
    assert scripted.left[3 * each - 1] == pytest.approx(3 * each, rel=0.2)


def left_of(slots, device):
    """An estimate of ten seconds for each run that is left."""
    left = sum(not slot.is_done for slot in slots)
    return Estimate(num_runs=len(slots), num_done=len(slots) - left, num_left=left, run_seconds=10.0 * left)


def test_an_estimate_that_is_overtaken_by_another_look_is_not_lost():
    desk, held, calls = Desk(study(seeds=2)), threading.Event(), []

    def estimate(slots, device):
        calls.append(len(calls))
        assert held.wait(30)
        return left_of(slots, device)

    desk._scale = Scale(Scripted().execute, estimate)
    desk.look()
    wait(lambda: calls)
    desk.look()
    desk.look()
    held.set()
    desk.settle()
    assert calls == [0]
    assert desk.estimate.seconds_with(1) == 60.0


def test_the_estimate_of_a_plan_that_is_left_gives_way_to_that_of_the_next():
    desk, held, calls = Desk(study(seeds=2)), threading.Event(), []

    def estimate(slots, device):
        calls.append(len(slots))
        assert held.wait(30)
        return left_of(slots, device)

    desk._scale = Scale(Scripted().execute, estimate)
    desk.look()
    wait(lambda: calls)
    desk.load(study(seeds=3))
    wait(lambda: desk.board and desk.board.num_runs == 9)
    held.set()
    desk.settle()
    assert calls == [6, 9]
    assert desk.estimate.num_left == 9


def test_after_a_stop_the_rest_is_estimated_anew():
    desk = Desk(study(seeds=2), scripted := Scripted(holds_at=2))
    desk._scale = Scale(scripted.execute, left_of)
    desk.look()
    desk.settle()
    assert desk.estimate.num_left == 6
    desk.run()
    wait(lambda: desk.board and desk.board.num_ended == 2)
    desk.stop()
    desk.settle()
    assert desk.estimate.num_left == 4


def test_a_reckoning_without_the_last_run_does_not_stand(monkeypatch):
    desk = Desk(study())
    desk.look()
    desk.settle()
    trial, ended, held = boards.trial, [], threading.Event()

    def slow(seed, history):
        ended.append(seed)
        if len(ended) == 18:
            assert held.wait(30)
        return trial(seed, history)

    monkeypatch.setattr(boards, "trial", slow)
    desk.run()
    wait(lambda: len(ended) == 18)
    wished = wish("baseline")
    desk.ask(wished)
    desk.threads[-1].join(30)
    assert not any(verdict.verdict == "supported" for verdict in desk.reckoning.verdicts)
    held.set()
    desk.settle()
    desk.ask(wished)
    desk.settle()
    (verdict,) = desk.reckoning.verdicts
    assert verdict.verdict == "supported"


def test_what_changes_while_it_is_reckoned_is_reckoned_again(monkeypatch):
    desk = Desk(study(seeds=2))
    desk.made()
    wished, board = wish("baseline"), desk.board
    reckoned = type(board).trials.fget

    def meanwhile(still):
        assert still is not board
        still.retried[next(iter(board.runs))] = 7
        board.version += 1
        return reckoned(still)

    monkeypatch.setattr(boards.Board, "trials", property(meanwhile))
    desk.ask(wished)
    desk.settle()
    assert not desk.reckoning.answers(wished, board)
    assert 7 not in board.retried.values()


def test_a_disk_that_stays_full_is_told():
    desk = Desk(study(seeds=2))

    def full(slots, store, *, device, jobs, control):
        for number, told in enumerate(
            Scripted().execute(slots, store, device=device, jobs=jobs, control=control)
        ):
            if number == 5:
                control.interrupt("the disk is full")
            yield told

    desk._scale = Scale(full, lambda slots, device: None)
    desk.run()
    desk.settle()
    assert desk.stage == "idle"
    assert desk.trouble == "the disk is full"


def test_what_went_wrong_is_told_before_another_plan_can_come(monkeypatch):
    desk, stages = Desk(study(seeds=2)), []

    def breaks(*_, **__):
        raise RuntimeError("luck")

    desk._scale = Scale(breaks, lambda slots, device: None)
    monkeypatch.setattr(
        StudyDesk,
        "trouble",
        property(lambda desk: "", lambda desk, text: stages.append((desk.stage, text))),
        raising=False,
    )
    desk.run()
    desk.settle()
    assert stages[-1] == ("running", "RuntimeError: luck")
