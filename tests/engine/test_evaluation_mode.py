"""Validation in training mode, a fault that can be asked for: what it changes, and what it must not."""

import pytest
import torch
from safetensors.torch import load_file
from support.runs import events_of, experiment, measured, spy

from normlab.core import places
from normlab.engine.control import Control
from normlab.engine.data import load
from normlab.engine.events import RunFinished
from normlab.engine.loop import run
from normlab.engine.module import build_module
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.trainer import Trainer

CPU = torch.device("cpu")
FAULT = {"training.evaluation_mode": "train"}
DROPOUT = {"model.dropout.kind": "dropout"}
NORM = {"model.norm.kind": "batch", "model.bias": False}


def column(events, name):
    return [event.metrics[name] for event in measured(events)]


def weights(folder):
    return load_file(folder / "last.safetensors")


@pytest.mark.parametrize("settings", [DROPOUT, NORM, DROPOUT | NORM])
def test_training_goes_on_as_if_validation_had_been_in_evaluation_mode(tmp_path, settings):
    right, wrong = (
        events_of(settings | mode, folder=tmp_path / name) for name, mode in (("eval", {}), ("train", FAULT))
    )
    for name in ("train_loss", "train_accuracy", "grad_norm"):
        assert column(right, name) == column(wrong, name)
    assert column(right, "val_loss") != column(wrong, "val_loss")
    before, after = weights(tmp_path / "eval"), weights(tmp_path / "train")
    changed = {name.rsplit(".", 1)[-1] for name in before if not torch.equal(before[name], after[name])}
    statistics = {"running_mean", "running_var", "num_batches_tracked"}
    assert changed == (statistics if "model.norm.kind" in settings else set())


def test_dropout_drops_anew_in_each_evaluation(tmp_path):
    """The weights of the first evaluation, and other masks in the second."""
    settings = DROPOUT | FAULT | {"optimizer.kind": "sgd", "optimizer.lr": 1e-30}
    losses = column(events_of(settings), "val_loss")
    assert len(set(losses)) == len(losses) == 3
    plain = column(events_of(settings | {"training.evaluation_mode": "eval"}), "val_loss")
    assert len(set(plain)) == 1


def test_batch_norm_takes_the_statistics_of_validation_batches_as_large_as_training_s(tmp_path):
    settings = NORM | FAULT | {"training.batch_size": 8, "training.epochs": 1}
    (event,) = measured(events_of(settings, folder=tmp_path))
    wanted = experiment(settings)
    data = load(wanted, places.data(), CPU)
    module = build_module(wanted.model, (2,), 2, 0, CPU)
    module.load_state_dict(weights(tmp_path))
    parts = data.val_x.tensor_split(len(data.val_x) // 8)
    assert {len(part) for part in parts} == {9}
    with torch.no_grad():
        output = torch.cat([module.train()(part) for part in parts])
    loss = torch.nn.functional.cross_entropy(output, data.val_y)
    assert event.metrics["val_loss"] == pytest.approx(float(loss), rel=1e-5)


@pytest.mark.parametrize("stop", [4, 6, 13])
def test_a_resumed_run_ends_as_one_that_never_stopped(tmp_path, monkeypatch, stop):
    settings = experiment(DROPOUT | NORM | FAULT)
    whole = list(run(settings, device="cpu", folder=tmp_path / "whole"))
    control = Control()

    def stopping(turn):
        if turn.number + 1 == stop:
            control.stop()

    with monkeypatch.context() as patched:
        spy(patched, after=stopping)
        first = list(run(settings, device="cpu", folder=tmp_path / "parts", control=control))
    assert first[-1].outcome == "stopped"
    rest = list(run(settings, device="cpu", folder=tmp_path / "parts", resume=True))
    assert column(first, "val_loss") + column(rest, "val_loss") == column(whole, "val_loss")
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_kept_weights_and_pictures_are_asked_in_evaluation_mode():
    wanted = experiment(DROPOUT | NORM | FAULT)
    trainer = Trainer(wanted, load(wanted, places.data(), CPU), places.data(), CPU, Stopwatch())
    state = {name: tensor.clone() for name, tensor in trainer.module.state_dict().items()}
    assert trainer.evaluate() == trainer.evaluate()
    assert torch.equal(trainer.answer(trainer.data.val_x), trainer.answer(trainer.data.val_x))
    assert all(torch.equal(tensor, state[name]) for name, tensor in trainer.module.state_dict().items())


def test_calibration_is_measured_where_it_is_asked_for_and_changes_nothing_else():
    plain, told = events_of(), events_of({"training.calibration": True})
    assert all("val_ece" not in event.metrics for event in measured(plain))
    assert all(0 <= value <= 1 for value in column(told, "val_ece"))
    for name in ("train_loss", "val_loss", "val_accuracy"):
        assert column(plain, name) == column(told, name)
    stopping = {"training.early_stopping.metric": "val_ece", "training.best_metric": "val_ece"}
    events = events_of({"training.calibration": True, "training.epochs": 9, **stopping})
    (end,) = (event for event in events if isinstance(event, RunFinished))
    assert end.best.metrics["val_ece"] == min(column(events, "val_ece"))
