import re
import subprocess
import sys

import pytest
import torch
from markdown_it import MarkdownIt
from safetensors import safe_open
from safetensors.torch import load_file

from normlab.engine.sealed import CheckpointError, seal, unseal
from normlab.exports.model_card import fill_model_folder
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

POINT = '{"epoch": 1, "step": 1, "metrics": {}}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pair):
    place = tmp_path_factory.mktemp("model")
    fill_model_folder([pair[1]], place)
    return place


def test_weights_are_those_of_the_best_evaluation(folder, pair):
    kept, _ = unseal(pair[1].run.folder / "best.safetensors")
    told = load_file(folder / "model.safetensors")
    assert told.keys() == kept.keys()
    assert all(torch.equal(told[name], kept[name]) for name in kept)
    unseal(folder / "model.safetensors")  # the seal is whole
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert file.metadata()["run"] == "bbb222"


def test_card_tells_settings_results_and_limits(folder):
    card = (folder / "README.md").read_text()
    for word in ("# batch norm", "`bbb222`", "| model.norm.kind ", "| val_loss (", "## Limits"):
        assert word in card


@pytest.mark.slow
def test_code_of_the_card_loads_the_model(folder):
    (code,) = re.findall("```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    code += "print(tuple(model(torch.zeros(3, 2)).shape))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(3, 2)\n", "")


def test_front_matter_is_what_hugging_face_reads(folder):
    _, head, _ = (folder / "README.md").read_text().split("---\n", 2)
    assert head == "library_name: pytorch\ntags:\n- normlab\n"


def test_names_and_notes_are_no_markup(tmp_path, train):
    note = (
        f"# head\n<img src=x onerror=y>\n```\n![a](http://b.example/c.png)\nTitle\n---\n- {'long ' * 60}end"
    )
    fill_model_folder([train("ddd444", name="<script>x</script> [a](http://b)", note=note)], tmp_path)
    card = (tmp_path / "README.md").read_text().split("---\n", 2)[2]
    html = MarkdownIt("commonmark").enable("table").render(card)
    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html
    assert html.count("<h1>") == 1
    assert html.count("<pre>") == 2  # the note, and the code
    assert "Title\n---\n- long" in html
    assert "long end" in html


def test_a_damaged_file_is_refused(tmp_path, train):
    exhibit = train("eee555")
    path = exhibit.run.folder / "best.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(CheckpointError, match="is damaged"):
        fill_model_folder([exhibit], tmp_path)


@pytest.mark.parametrize(
    ("texts", "tensors", "told"),
    [
        ({"run": "other1"}, {}, "is of run other1"),
        ({}, {}, "is of no run"),
        ({"run": "fff666", "point": "{}"}, {}, "doesn't tell which evaluation"),
        ({"run": "fff666", "point": POINT}, {"a": torch.zeros(3)}, "holds another model's weights"),
    ],
)
def test_a_sealed_file_that_is_not_the_runs_is_refused(tmp_path, train, texts, tensors, told):
    exhibit = train("fff666")
    (exhibit.run.folder / "best.safetensors").write_bytes(b"".join(seal(tensors, texts)))
    with pytest.raises(CheckpointError, match=told):
        fill_model_folder([exhibit], tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_scale_fault_is_told(tmp_path, train):
    fault = {"dataset.standardize": "none", "dataset.scale_fault": {"feature": 1, "factor": 50.0}}
    fill_model_folder([train("ggg777", fault)], tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert "feature 1 is multiplied by 50" in card
    assert "The weights don't hold this step" in card


def test_weights_go_without_their_data(tmp_path, train):
    file = tmp_path / "own.csv"
    file.write_text("a,b,class\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(60)))
    own = {"dataset.kind": "file", "dataset.path": str(file), "dataset.target": "class", "training.epochs": 1}
    exhibit = train("hhh888", own=change(Experiment(), own))
    fill_model_folder([exhibit], tmp_path)
    assert "shape, num_outputs = (2,), 2\n" in (tmp_path / "README.md").read_text()
    file.unlink()
    fill_model_folder([exhibit], tmp_path)
    assert "shape, num_outputs = ..., ...  # of the data" in (tmp_path / "README.md").read_text()
