"""Runs are queued, trained one after the other in one thread, held, stepped and stopped."""

import threading
import time

import pytest
from support.script import script

from normlab.core.errors import ConfigError, Problem
from normlab.engine.events import Preparing
from normlab.lab.experiment import Experiment
from normlab.lab.presets import load_preset
from normlab.lab.settings import change
from normlab.tui.session import Session


@pytest.fixture
def threads():
    """Start threads as the app does, and see them end."""
    started = []

    def spawn(job):
        thread = threading.Thread(target=job)
        started.append(thread)
        thread.start()

    yield spawn
    for thread in started:
        thread.join(10)
        assert not thread.is_alive()


def until(condition):
    """Wait for what another thread does, ten seconds at most."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.001)


def norm(kind, **settings):
    return change(Experiment(), {"model.norm.kind": kind, **settings})


def test_runs_train_one_after_the_other_in_one_thread(threads):
    inside = []

    def start(run):
        assert not inside
        inside.append(threading.get_ident())
        yield from script(run)
        inside.pop()

    session = Session(threads, start)
    runs = [session.queue(norm(kind)) for kind in ("none", "batch", "layer")]
    until(lambda: all(run.finished for run in runs) and not session.working)
    assert [session.state(run) for run in runs] == ["completed"] * 3
    assert session.current is None


def test_a_run_queued_when_all_are_done_starts_again(threads):
    session = Session(threads, script)
    for _ in range(3):
        session.queue(norm("none"))
        until(lambda: not session.working)
    assert all(run.finished for run in session.runs)


def test_the_first_run_is_the_baseline_and_labels_tell_what_differs(threads):
    session = Session(threads, script)
    first, layer = session.queue(norm("none")), session.queue(norm("layer"))
    two = session.queue(norm("layer", **{"training.epochs": 5}))
    seed = session.queue(change(Experiment(), {"seed": 3}))
    assert [session.label(run) for run in (first, layer, two, seed)] == [
        "baseline", "norm = layer", "confounded: 2 changes", "baseline · seed 3",
    ]  # fmt: skip
    session.pin(layer)
    assert [session.label(run) for run in (first, layer)] == ["norm = none", "baseline"]


def test_names_are_harmless(threads):
    session = Session(threads, script)
    run = session.queue(norm("none"))
    run.name = "\x1b[31mred‮"
    assert "\x1b" not in session.label(run)
    assert "‮" not in session.label(run)


def test_a_pause_pulls_nothing_and_a_step_goes_to_the_next_evaluation(threads):
    session = Session(threads, script)
    session.pause()
    run = session.queue(norm("none"))
    until(lambda: session.current is run)
    time.sleep(0.02)
    assert session.state(run) == "paused"
    assert not run.history.points
    for epochs in (1, 2):
        session.resume(single=True)
        assert run.control.stepping, "what keeps its events must not let it run ahead"
        until(lambda: session.paused)
        assert len(run.history.points) == epochs
    session.resume()
    until(lambda: run.finished)
    assert len(run.history.points) == 10


def test_a_stopped_run_keeps_what_it_has_even_while_paused(threads):
    session = Session(threads, script)
    session.pause()
    run, waiting = session.queue(norm("none")), session.queue(norm("batch"))
    session.resume(single=True)
    until(lambda: session.paused and run.history.points)
    session.stop(waiting)
    assert waiting not in session.runs
    session.stop(run, "enough")
    until(lambda: run.finished)
    assert (session.state(run), run.history.reason, len(run.history.points)) == ("stopped", "enough", 1)


def test_a_failing_run_is_told_and_the_next_one_trains(threads):
    def start(run):
        if run.experiment.model.norm.kind == "batch":
            raise RuntimeError("[bold]torch fell over")
        if run.experiment.model.norm.kind == "layer":
            raise ConfigError(Problem("device", "is not there", "use cpu", "cuda"))
        yield from script(run)

    session = Session(threads, start)
    bug, misuse, good = (session.queue(norm(kind)) for kind in ("batch", "layer", "none"))
    until(lambda: not session.working)
    assert session.state(bug) == session.state(misuse) == "failed"
    assert bug.history.reason == "RuntimeError: [bold]torch fell over"
    assert "Traceback" in bug.trace
    assert misuse.history.reason == "device: cuda: is not there; use cpu"
    assert misuse.trace is None
    assert session.state(good) == "completed"


def test_a_download_can_be_stopped(threads):
    closed = threading.Event()

    def start(run):
        try:
            while True:
                yield Preparing(run=run.id, what="mnist", done_bytes=1, total_bytes=None)
                time.sleep(0.001)
        finally:
            closed.set()

    session = Session(threads, start)
    run = session.queue(norm("none"))
    until(lambda: run.history.preparing)
    session.stop(run)
    until(lambda: run.finished)
    assert session.state(run) == "stopped"
    assert closed.is_set()


def test_leaving_interrupts_the_run_and_empties_the_queue(threads):
    session = Session(threads, lambda run: script(run, seconds_each=0.005, epochs=20_000))
    run, waiting = session.queue(norm("none")), session.queue(norm("batch"))
    until(lambda: run.history.points)
    session.interrupt("signal SIGTERM")
    until(lambda: not session.working)
    assert (session.state(run), run.history.reason) == ("interrupted", "signal SIGTERM")
    assert session.runs == [run]
    assert not waiting.taken


def test_arms_and_seeds_of_a_preset_queue_at_once(threads):
    session = Session(threads, script)
    preset = load_preset("digits").with_(study={"seeds": 2})
    runs = session.queue_preset(preset)
    assert len(runs) == 6
    assert session.baseline is runs[0]
    assert [session.label(run) for run in runs[:3]] == ["baseline", "baseline · seed 1", "batch norm"]
    until(lambda: not session.working)
    assert all(session.state(run) == "completed" for run in runs)


def test_what_trains_is_not_dropped_and_a_dropped_baseline_has_a_successor(threads):
    session = Session(threads, script)
    session.pause()
    first, second = session.queue(norm("none")), session.queue(norm("batch"))
    until(lambda: session.current is first)
    session.drop(first)
    assert first in session.runs
    session.resume()
    until(lambda: not session.working)
    session.drop(first)
    assert session.runs == [second]
    assert session.baseline is second


def test_emptying_the_queue_never_leaves_a_baseline_that_is_gone(threads):
    session = Session(threads, script)
    session.pause()
    trains = session.queue(norm("none"))
    session.queue_preset(load_preset("digits"))
    until(lambda: session.current is trains)
    session.stop_all()
    assert session.runs == [trains]
    assert session.baseline is trains
    until(lambda: trains.finished)


def test_a_pause_ends_with_its_run(threads):
    session = Session(threads, script)
    session.pause()
    first, second = session.queue(norm("none")), session.queue(norm("batch"))
    until(lambda: session.current is first)
    session.stop(first)
    until(lambda: second.finished)
    assert not session.paused


def test_a_single_step_asked_for_while_nothing_trains_holds_the_run_that_comes(threads):
    session = Session(threads, script)
    run = session.queue(norm("none"), single=True)
    until(lambda: session.paused)
    assert len(run.history.points) == 1
    session.stop(run)
    until(lambda: run.finished)


def test_a_preset_of_too_many_runs_is_refused_whole(threads):
    session = Session(threads, script)
    preset = load_preset("digits").with_(study={"seeds": 1_000})
    with pytest.raises(ConfigError, match="has more than 1,000 runs; run it headless"):
        session.queue_preset(preset)
    assert session.runs == []


def test_the_baseline_is_called_so_once(threads):
    session = Session(threads, script)
    plain, named = session.queue(norm("none")), session.queue(norm("batch"))
    assert session.heading(plain) == "baseline"
    named.name = "mine"
    session.pin(named)
    assert session.heading(named) == "mine (baseline)"
