"""Weights of a kept run start another, or are measured without training."""

import pytest
import torch
from support.runs import events_of, experiment, measured

from normlab.core.errors import ConfigError, DataError
from normlab.engine.evaluate import evaluate
from normlab.engine.events import WeightsLoaded
from normlab.engine.sealed import CheckpointError, unseal
from normlab.engine.weights import StartWeights, read_weights


@pytest.fixture
def folder(tmp_path):
    """A run's folder: three epochs, the second of them the best."""
    events_of({"optimizer.lr": 0.03}, folder=tmp_path / "run", run_id="abc")
    return tmp_path / "run"


def loaded(events):
    return next(event for event in events if isinstance(event, WeightsLoaded))


def test_a_run_goes_on_from_the_weights_of_another(folder, tmp_path):
    weights = read_weights(folder / "last.safetensors")
    assert weights.origin == "abc:last"
    events = events_of({"optimizer.lr": 0.0, "training.epochs": 1}, weights=weights, folder=tmp_path / "next")
    told = loaded(events)
    assert (told.origin, told.matched) == ("abc:last", 6)
    assert (told.left_as_drawn, told.unused, told.other_shape) == ((), (), ())
    assert [event.event for event in events[:3]] == ["run_created", "run_started", "weights_loaded"]
    assert events[0].origin == "abc:last", "known before any data is read"
    after = read_weights(tmp_path / "next" / "last.safetensors").tensors
    assert all(torch.equal(after[name], tensor) for name, tensor in weights.tensors.items())


def test_a_larger_model_takes_what_fits_and_says_what_does_not(folder):
    weights = read_weights(folder / "best.safetensors", "abc:best")
    events = events_of({"model.hidden": [8, 8, 8, 8], "model.norm.kind": "layer"}, weights=weights)
    told = loaded(events)
    assert told.origin == "abc:best"
    assert told.matched == 6
    assert len(told.left_as_drawn) == 2 * 2 + 4 * 2
    assert (told.unused, told.other_shape) == ((), ())
    told = loaded(events_of({"model.hidden": [8, 5]}, weights=weights))
    assert told.matched == 3
    assert len(told.other_shape) == 3
    assert told.left_as_drawn == told.unused == ()
    told = loaded(events_of({"model.hidden": [8]}, weights=weights))
    assert len(told.unused) == 2


def test_weights_of_which_none_fits_are_refused():
    with pytest.raises(DataError, match="b:last: has no tensor of the model's: it holds odd"):
        events_of(weights=StartWeights("b:last", {"odd": torch.ones(3)}))


def test_a_resumed_run_keeps_its_own_weights(folder):
    weights = StartWeights("b:last", {"head.bias": torch.full((2,), 9.0)})
    events = events_of({"optimizer.lr": 0.03}, folder=folder, resume=True, weights=weights)
    assert not any(isinstance(event, WeightsLoaded) for event in events)
    assert events[0].origin is None


def test_kept_weights_are_measured_as_the_run_measured_them(folder):
    wanted = experiment({"optimizer.lr": 0.03})
    finished = events_of({"optimizer.lr": 0.03})[-1]
    for name, point in (("best", finished.best), ("last", finished.last)):
        found = evaluate(wanted, read_weights(folder / f"{name}.safetensors"), device="cpu")
        assert found.warnings == ()
        assert found.loaded.matched == 6
        assert set(found.metrics) == {
            f"{part}_{name}" for part in ("val", "eval_train") for name in ("loss", "accuracy")
        }
        for metric in ("val_loss", "val_accuracy"):
            assert found.metrics[metric] == point.metrics[metric]


def test_the_training_part_is_measured_in_evaluation_mode(tmp_path):
    settings = {"model.dropout.kind": "dropout", "training.batch_size": "full", "optimizer.lr": 0.0}
    told = measured(events_of(settings, folder=tmp_path))[-1].metrics
    weights = read_weights(tmp_path / "last.safetensors")
    found = evaluate(experiment(settings), weights, device="cpu").metrics
    plain = evaluate(experiment(), weights, device="cpu").metrics
    assert found["eval_train_loss"] != told["train_loss"]
    assert found["eval_train_loss"] == plain["eval_train_loss"]
    assert (
        "val_loss" not in evaluate(experiment({"dataset.val_fraction": 0.0}), weights, device="cpu").metrics
    )


def test_a_batch_norm_that_has_seen_no_batch_is_told(tmp_path, folder):
    settings = {"model.norm.kind": "batch", "model.bias": False}
    events_of(settings, folder=tmp_path / "norm")
    wanted, weights = experiment(settings), read_weights(tmp_path / "norm" / "last.safetensors")
    assert evaluate(wanted, weights, device="cpu").warnings == ()
    for name in [name for name in weights.tensors if name.endswith("num_batches_tracked")]:
        weights.tensors[name] = torch.tensor(0)
    told = evaluate(wanted, weights, device="cpu").warnings
    assert len(told) == 2
    assert "has seen no batch: it is evaluated with mean 0 and variance 1" in told[0]
    foreign = evaluate(wanted, read_weights(folder / "last.safetensors"), device="cpu").warnings
    assert len([message for message in foreign if "has seen no batch" in message]) == 2
    assert any("lacks 10 of the model's tensors" in message for message in foreign)


def test_what_can_not_be_run_can_not_be_measured(folder):
    weights = read_weights(folder / "last.safetensors")
    with pytest.raises(ConfigError, match="loss.kind"):
        evaluate(experiment({"loss.kind": "mse"}), weights)


def test_weights_say_whose_they_are(folder):
    assert unseal(folder / "best.safetensors")[1]["run"] == "abc"


def test_weights_of_another_run_are_refused_under_this_one_s_name(folder, tmp_path):
    events_of({"training.epochs": 1}, folder=tmp_path / "other", run_id="other")
    (tmp_path / "other" / "best.safetensors").replace(folder / "best.safetensors")
    with pytest.raises(CheckpointError, match=r"best\.safetensors: holds weights of run other, not abc:best"):
        read_weights(folder / "best.safetensors", "abc:best")
    assert read_weights(folder / "best.safetensors").origin == "other:best"
