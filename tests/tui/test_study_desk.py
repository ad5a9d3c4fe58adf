"""The study on the desk, without a screen: looked up, run, stopped, reckoned."""

import threading
import time

import pytest
from support.kept import keep
from support.runs import experiment
from support.script import script
from support.studies import Scripted, study

from normlab.core.errors import ConfigError
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.settings import change
from normlab.store.store import open_store
from normlab.store.studies import find_studies
from normlab.tui.arms import add_arm, with_seeds
from normlab.tui.reckoning import Wish
from normlab.tui.session import Session
from normlab.tui.study_desk import StudyDesk


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


def test_a_pause_holds_it_and_a_stop_ends_a_pause():
    desk = Desk(study(seeds=2))
    desk.look()
    desk.settle()
    seen = []
    fold = desk.board.__class__.fold

    def folds(board, slot, event):
        fold(board, slot, event)
        seen.append(event)
        if len(seen) == 3:
            desk.pause()

    desk.board.__class__.fold = folds
    try:
        desk.run()
        wait(lambda: desk.stage == "paused")
        time.sleep(0.05)
        assert len(seen) == 3
        desk.pause()
        wait(lambda: len(seen) > 10)
        desk.pause()
        desk.stop()
        desk.settle()
    finally:
        desk.board.__class__.fold = fold
    assert desk.stage == "idle"


def test_a_study_waits_for_the_labs_run_and_the_lab_for_the_study():
    desk = Desk(study(seeds=1))
    session = desk.session
    session.queue(Experiment())
    session.pause()
    wait(lambda: session.current is not None and session.current.history.num_steps)
    desk.run()
    time.sleep(0.05)
    assert desk.stage == "waiting"
    assert not desk.board
    session.resume()
    desk.settle()
    assert desk.board.is_complete

    desk = Desk(study(seeds=2), Scripted(holds_at=1), session)
    desk.run()
    wait(lambda: desk.stage == "running")
    run = session.queue(change(Experiment(), {"seed": 3}))
    time.sleep(0.05)
    assert not run.taken
    assert session.beside == "study 3/6"
    desk.stop()
    desk.settle()
    wait(lambda: run.finished)
    assert session.beside == ""


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


def test_the_time_that_is_left_comes_from_what_was_made():
    desk = Desk(study(seeds=2))
    assert desk.seconds_left is None
    desk.made()
    assert desk.share == 1.0
    assert desk.seconds_left == pytest.approx(0.0, abs=0.01)
