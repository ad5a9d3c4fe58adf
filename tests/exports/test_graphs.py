import dataclasses
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from normlab.components.parametrizations import Parametrization
from normlab.core import places
from normlab.core.choice import members
from normlab.core.errors import DataError
from normlab.engine.data import read, scaler
from normlab.engine.events import Point
from normlab.engine.module import build_module
from normlab.engine.sealed import CheckpointError, unseal
from normlab.exports import graph
from normlab.exports.best_weights import best_of
from normlab.exports.onnx import write_onnx
from normlab.exports.torch_export import FACTS, write_torch_export
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

pytestmark = pytest.mark.slow  # tracing takes half a second

SETTINGS = {
    "as_it_is": {"model.norm.kind": "batch", "loss.kind": "bce"},
    "by_feature": {"dataset.standardize": "feature", "dataset.scale_fault": {"feature": 1, "factor": 50.0}},
    "by_sample": {"dataset.standardize": "sample", "model.norm.kind": "layer", "model.dropout.kind": "dropout"},
    "by_channel": {"dataset.kind": "digits", "dataset.samples": 120, "dataset.standardize": "channel",
                   "model.norm.kind": "group", "model.norm.groups": 2},
    "values": {"dataset.kind": "noisy_line", "loss.kind": "mse"},
}  # fmt: skip


@pytest.fixture(scope="module", params=SETTINGS)
def exhibit(request, train):
    return train(request.param.replace("_", ""), SETTINGS[request.param])


def expected(exhibit, num_samples):
    """Give raw samples and what the run's own module answers for them, prepared by the engine."""
    experiment, folder = exhibit.history.experiment, places.data()
    train, val = read(experiment, folder)
    outline = experiment.dataset.outline(folder)
    num_outputs = experiment.loss.num_outputs(outline)
    model = build_module(
        experiment.model, outline.shape, num_outputs, experiment.seed, torch.device("cpu")
    ).eval()
    model.load_state_dict(unseal(exhibit.run.folder / "best.safetensors")[0])
    x = np.concatenate((train.x, val.x))[:num_samples]
    scaled = scaler(experiment.dataset, train.x)(x.copy())
    with torch.inference_mode():
        return x, model(torch.from_numpy(scaled)).numpy()


@pytest.mark.parametrize("num_samples", [1, 23])
def test_torch_export_takes_raw_samples(exhibit, num_samples):
    facts = {FACTS: ""}
    program = torch.export.load(io.BytesIO(write_torch_export([exhibit])), extra_files=facts)
    samples, outputs = expected(exhibit, num_samples)
    told = program.module()(torch.from_numpy(samples)).detach().numpy()
    np.testing.assert_allclose(told, outputs, rtol=1e-4, atol=1e-5)
    assert json.loads(facts[FACTS])["run"] == exhibit.run.id
    assert float(json.loads(facts[FACTS])["val_loss"]) == pytest.approx(
        exhibit.history.best.metrics["val_loss"], rel=1e-4
    )


def test_onnx_takes_raw_samples(exhibit):
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator  # onnxruntime tells Microsoft of each session

    pytest.importorskip("onnxscript")
    model = onnx.load_from_string(write_onnx([exhibit]))
    onnx.checker.check_model(model, full_check=True)
    (batch, *_) = model.graph.input[0].type.tensor_type.shape.dim
    assert batch.dim_param == "batch"
    facts = {prop.key: prop.value for prop in model.metadata_props}
    assert facts["run"] == exhibit.run.id
    assert {"normlab", "inputs", "outputs", "num_classes"} <= facts.keys()
    for num_samples in (1, 23):
        samples, outputs = expected(exhibit, num_samples)
        (told,) = ReferenceEvaluator(model).run(None, {"samples": samples})
        np.testing.assert_allclose(told, outputs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", members(Parametrization))
def test_parametrized_weights_become_plain(train, kind):
    exhibit = train(f"param-{kind}", {"model.parametrization.kind": kind})
    program = torch.export.load(io.BytesIO(write_torch_export([exhibit])))
    assert not any("parametrizations" in name for name in program.state_dict)
    samples, outputs = expected(exhibit, 9)
    told = program.module()(torch.from_numpy(samples)).detach().numpy()
    np.testing.assert_allclose(told, outputs, rtol=1e-4, atol=1e-5)


STANDARDIZED = {
    "as_they_are": {"dataset.standardize": "none"},
    "by_channel": {},
    "by_pixel": {"dataset.standardize": "feature", "training.order": "sorted"},
    "by_image": {"dataset.standardize": "sample"},
    "in_another_light": {"dataset.val_contrast": {"low": 0.2, "high": 2.0, "brightness": 0.5}},
}


@pytest.mark.parametrize("name", STANDARDIZED)
def test_what_streams_is_never_read_whole(name, tmp_path, train, monkeypatch):
    random = np.random.default_rng(0)
    for number in range(40):
        path = tmp_path / f"class{number % 2}" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256 - 90 * (number % 2), (5, 5, 3), "uint8")).save(path)
    settings = {
        "dataset.kind": "image_folder", "dataset.path": str(tmp_path), "dataset.size": 5,
        "training.epochs": 2, "training.batch_size": 7, **STANDARDIZED[name],
    }  # fmt: skip
    # Several blocks and batches, in this process.
    monkeypatch.setattr("normlab.engine.scaling._BLOCK_VALUES", 500)
    monkeypatch.setattr("normlab.engine.evaluation._CHUNK_VALUES", 300)
    monkeypatch.setattr("normlab.engine.reader.num_workers", lambda: 0)
    in_memory, streamed = (
        train(f"{name}{stream}", own=change(Experiment(), {**settings, "dataset.stream": stream}))
        for stream in ("never", "always")
    )
    expected = graph.trace(in_memory)
    monkeypatch.delattr("normlab.components.datasets.image_folder.ImageFolder.read")
    found = graph.trace(streamed)
    tensors, others = found.program.state_dict, expected.program.state_dict
    assert tensors.keys() == others.keys()
    assert all(torch.equal(tensors[each], others[each]) for each in others)
    assert found.metadata["val_loss"] == expected.metadata["val_loss"]
    assert float(found.metadata["val_loss"]) == pytest.approx(
        streamed.history.best.metrics["val_loss"], rel=1e-4
    )


def test_without_validation_data_nothing_is_compared(train):
    exhibit = train("noval", {"dataset.val_fraction": 0.0})
    facts = {FACTS: ""}
    torch.export.load(io.BytesIO(write_torch_export([exhibit])), extra_files=facts)
    assert "val_loss" not in json.loads(facts[FACTS])


def test_data_that_changed_since_is_refused(tmp_path, train):
    file = tmp_path / "own.csv"
    rows = np.random.default_rng(0).normal(size=(60, 3))

    def write(rows):
        table = "\n".join(f"{a},{b},{int(c > 0)}" for a, b, c in rows)
        file.write_text(f"a,b,class\n{table}\n")

    write(rows)
    own = {"dataset.kind": "file", "dataset.path": str(file), "dataset.target": "class"}
    exhibit = train("own", own=change(Experiment(), {**own, "training.epochs": 20}))
    write_torch_export([exhibit])
    write(rows * [1, 1, -1])
    with pytest.raises(DataError, match="is not what run own was trained with"):
        write_torch_export([exhibit])


def test_a_loss_near_0_that_grew_is_refused(train, monkeypatch):
    exhibit = train("near0")
    best = best_of(exhibit)
    small = Point(epoch=1, step=1, metrics={"val_loss": 0.0005})
    monkeypatch.setattr(graph, "best_of", lambda _: dataclasses.replace(best, point=small))
    monkeypatch.setattr(graph, "_val_loss", lambda *_: 0.0104)
    with pytest.raises(DataError, match="its val_loss was 0.0005, and is 0.0104 now"):
        write_torch_export([exhibit])


def test_weights_that_are_gone_are_told(exhibit, tmp_path):
    gone = dataclasses.replace(exhibit.run, folder=tmp_path)
    with pytest.raises(CheckpointError, match="best.safetensors: is not there"):
        write_torch_export([dataclasses.replace(exhibit, run=gone)])
