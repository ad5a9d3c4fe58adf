import time

import pytest

from normlab.core.errors import ConfigError, DataError
from normlab.lab import checks
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.lab.summary import summarize

BASE = Experiment()


def test_the_default_mlp_is_summed_up():
    found = summarize(BASE)
    assert found.num_layers == 3
    assert found.num_parameters == (64 * 128 + 128) + (128 * 128 + 128) + (128 * 10 + 10)
    assert (found.num_train, found.num_val) == (1258, 539)
    assert found.batches.num_batches == 20
    assert found.num_steps == 200


def test_layers_tell_path_op_shapes_and_parameters():
    found = summarize(change(BASE, {"model.norm.kind": "layer", "model.hidden": [32]}))
    told = [
        (layer.path, layer.op, layer.inputs, layer.outputs, count)
        for layer, count in zip(found.layers, found.parameters, strict=True)
        if found.acts(layer)
    ]
    assert told == [
        ("flatten", "flatten", (1, 8, 8), (64,), 0),
        ("blocks.0.linear", "linear", (64,), (32,), 64 * 32 + 32),
        ("blocks.0.norm", "norm", (32,), (32,), 64),
        ("blocks.0.activation", "activation", (32,), (32,), 0),
        ("head", "linear", (32,), (10,), 330),
    ]


@pytest.mark.parametrize("kind", ["mlp", "plain", "cnn", "residual_mlp", "resnet18"])
def test_parameters_are_those_of_the_torch_module(kind):
    experiment = change(BASE, {"model.kind": kind, "model.norm.kind": "batch"})
    model = experiment.model.build((1, 8, 8), 10)
    assert summarize(experiment).num_parameters == sum(p.numel() for p in model.parameters())


def test_the_refusal_for_want_of_memory_goes_by_the_same_estimate(monkeypatch):
    needed = summarize(BASE).memory_bytes
    monkeypatch.setattr(checks, "physical_memory_bytes", lambda: needed)
    assert list(checks.problems(BASE)) == []
    monkeypatch.setattr(checks, "physical_memory_bytes", lambda: needed - 1)
    (problem,) = checks.problems(BASE)
    assert "would need about" in problem.rule


def test_more_of_anything_needs_more_memory():
    usual = summarize(BASE).memory_bytes
    for settings in (
        {"model.hidden": [128, 256]},
        {"training.batch_size": 128},
        {"model.norm.kind": "batch"},
    ):
        assert summarize(change(BASE, settings)).memory_bytes > usual


def test_a_shape_that_the_model_can_not_take_is_refused():
    with pytest.raises(ConfigError, match="takes images"):
        summarize(change(BASE, {"dataset.kind": "circles", "model.kind": "cnn"}))


def test_a_file_that_is_not_there_is_an_error_of_the_data():
    with pytest.raises(DataError):
        summarize(change(BASE, {"dataset.kind": "file", "dataset.path": "nowhere.csv"}))


def test_ten_thousand_layers_take_less_than_a_tenth_of_a_second():
    seconds = []
    for width in range(5, 10):  # each another plan
        experiment = change(BASE, {"model.hidden": [width] * 2_500, "model.norm.kind": "batch"})
        start = time.perf_counter()
        found = summarize(experiment)
        seconds.append(time.perf_counter() - start)
        assert len(found.layers) == 10_002
    assert min(seconds) < 0.1
