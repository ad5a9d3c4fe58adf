"""Whole runs whose steps are captured: recorded on a tape here, as CUDA graphs where there is CUDA."""

import pytest
import torch
from engine.test_cohort import MLPS, in_cohort, lasting, some, weights_of
from stacked.tape import Tape

from normlab import Experiment, change
from normlab.engine.loop import run_cohort
from normlab.engine.request import Request
from normlab.stacked.captured import GRAPHS

EPOCHS = {"training__epochs": 6}
RESIDUAL = {
    "model.kind": "residual_mlp",
    "model.width": 20,
    "model.depth": 2,
    "model.norm.kind": "batch",
    "model.dropout.kind": "drop_path",
    "model.dropout.p": 0.4,
    "dataset.kind": "moons",
    "dataset.samples": 150,
    "training.batch_size": 32,
    "training.epochs": 6,
}


@pytest.fixture
def tapes(monkeypatch):
    """Let steps be recorded on tapes, and give those that are."""
    found = []

    class Noted(Tape):
        def capture(self, call):
            found.append(self)
            return super().capture(call)

    monkeypatch.setitem(GRAPHS, "cpu", Noted)
    return found


def trained(experiments, folder, device="cpu"):
    """Give the lasting events and the weights of each run."""
    requests = [
        Request(each, run_id=f"run{place}", folder=folder / str(place))
        for place, each in enumerate(experiments)
    ]
    # Files hold times, so that each has a sum of its own.
    told = [
        each
        for each in run_cohort(requests, device=device, num_threads=1)
        if each.event != "checkpoint_saved"
    ]
    return [(lasting(told, each.run_id), read(each.folder)) for each in requests]


def read(folder):
    return {name: tensor.tolist() for name, tensor in weights_of(folder).items()}


@pytest.mark.parametrize("settings", MLPS, ids=lambda each: ",".join(map(str, each.values())))
@pytest.mark.parametrize("count", [1, 3])
def test_captured_runs_give_the_same_bits(settings, count, tmp_path, tapes, monkeypatch):
    runs = some(count, **{**settings, **EPOCHS})
    captured = trained(runs, tmp_path / "captured")
    assert any(tape.num_replays for tape in tapes)
    monkeypatch.delitem(GRAPHS, "cpu")
    assert captured == trained(runs, tmp_path / "plain")


def test_captured_residual_runs_too(tmp_path, tapes, monkeypatch):
    runs = [change(Experiment(), {**RESIDUAL, "seed": seed}) for seed in range(3)]
    captured = trained(runs, tmp_path / "captured")
    assert any(tape.num_replays for tape in tapes)
    monkeypatch.delitem(GRAPHS, "cpu")
    assert captured == trained(runs, tmp_path / "plain")


def dropping(count):
    return some(count, model__norm__kind="batch", model__dropout__kind="dropout", **EPOCHS)


def broken_off(runs, folder, device="cpu"):
    """Train runs together to the middle, and then the last one on by itself; give what it is in the end."""
    requests = [
        Request(each, run_id=f"run{place}", folder=folder / str(place)) for place, each in enumerate(runs)
    ]
    events = run_cohort(requests, device=device, num_threads=1)
    for event in events:
        if event.event == "measured" and event.epoch == 4:
            break
    events.close()
    last = len(runs) - 1
    again = Request(runs[last], run_id=f"run{last}", folder=folder / str(last), resume=True)
    rest = list(run_cohort([again], device=device, num_threads=1))
    return lasting(rest, f"run{last}")[-1], read(folder / str(last))


def test_a_captured_run_that_is_broken_off_goes_on_bit_for_bit(tmp_path, tapes):
    runs = dropping(3)
    *_, (told, weights) = trained(runs, tmp_path / "whole")
    assert broken_off(runs, tmp_path / "broken") == (told[-1], weights)


def test_a_capture_that_is_refused_costs_nothing_but_speed_and_is_told_once(monkeypatch):
    runs = dropping(3)
    runs[0] = change(runs[0], {"training.epochs": 5})  # which leaves, so that the others are stacked anew
    expected = in_cohort(runs)
    tried = []

    class Refusing(Tape):
        def capture(self, call):
            tried.append(self)
            super().capture(call)
            raise RuntimeError("CUDA error: operation not permitted\nmore of it")

    monkeypatch.setitem(GRAPHS, "cpu", Refusing)
    events = in_cohort(runs)
    assert len(tried) == 1
    for place in range(3):
        warnings = [e.message for e in events if e.event == "warned" and e.run == f"run{place}"]
        assert len([each for each in warnings if "graph (CUDA error: operation not permitted)" in each]) == 1
        told = [line for line in lasting(events, f"run{place}") if "CUDA graph" not in line]
        assert told == lasting(expected, f"run{place}")


def test_runs_that_cant_be_stacked_are_not_captured(tapes):
    cnn = change(Experiment(), {"model.kind": "cnn", "model.channels": [4], "training.epochs": 1})
    assert {e.outcome for e in in_cohort([cnn]) if e.event == "run_finished"} == {"completed"}
    assert not tapes


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda_runs_give_the_same_bits_captured_or_not_alone_in_eights_and_resumed(tmp_path, monkeypatch):
    runs = dropping(8)
    captured = trained(runs, tmp_path / "captured", "cuda")
    assert trained(runs[:1], tmp_path / "alone", "cuda") == captured[:1]
    told, weights = captured[-1]
    assert broken_off(runs, tmp_path / "broken", "cuda") == (told[-1], weights)
    monkeypatch.delitem(GRAPHS, "cuda")
    assert trained(runs, tmp_path / "plain", "cuda") == captured


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("loss", [{"loss__kind": "cross_entropy"}, {"loss__label_smoothing": 0.1}])
def test_on_cuda_what_is_to_be_deterministic_is_trained_uncaptured(loss, tmp_path):
    runs = some(2, **loss, training__deterministic=True, **EPOCHS)
    (first, _), *_ = trained(runs, tmp_path / "first", "cuda")
    (again, _), *_ = trained(runs, tmp_path / "again", "cuda")
    assert first == again
    assert not any("CUDA graph" in line for line in first)


def test_what_is_to_be_deterministic_is_not_captured(tapes):
    events = in_cohort(some(2, training__deterministic=True, **EPOCHS))
    assert {e.outcome for e in events if e.event == "run_finished"} == {"completed"}
    assert not tapes
