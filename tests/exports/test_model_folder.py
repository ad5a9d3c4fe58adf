import re
import subprocess
import sys

import pytest
import torch
from markdown_it import MarkdownIt
from safetensors import safe_open
from safetensors.torch import load_file

from normlab.engine.sealed import CheckpointError, unseal
from normlab.exports.model_card import fill_model_folder


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
    for word in ("# batch norm", "`bbb222`", "model.norm.kind", "val\\_loss", "## Limits"):
        assert word in card or word.replace("\\", "") in card


@pytest.mark.slow
def test_code_of_the_card_loads_the_model(folder):
    (code,) = re.findall("```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    code += "print(tuple(model(torch.zeros(3, 2)).shape))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("(3, 2)\n", "")


def test_names_and_notes_are_no_markup(tmp_path, train):
    note = "# head\n<img src=x onerror=y>\n```\n![a](http://b.example/c.png)"
    fill_model_folder([train("ddd444", name="<script>x</script> [a](http://b)", note=note)], tmp_path)
    html = MarkdownIt("commonmark").enable("table").render((tmp_path / "README.md").read_text())
    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html
    assert html.count("<h1>") == 1
    assert html.count("<pre>") == 1


def test_a_damaged_file_is_refused(tmp_path, train):
    exhibit = train("eee555")
    path = exhibit.run.folder / "best.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(CheckpointError, match="is damaged"):
        fill_model_folder([exhibit], tmp_path)
