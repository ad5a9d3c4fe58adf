import doctest
import importlib
import pkgutil
import re
import runpy
from pathlib import Path

import pytest

import normlab
from normlab.core import places
from normlab.core.choice import members
from normlab.core.parsing import parse
from normlab.lab.presets import parse_preset
from normlab.lab.toml import parse_toml
from normlab.tui.preferences import Preferences
from normlab.views.parts import families

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def generator():
    return runpy.run_path(str(ROOT / "docs" / "generate.py"))


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_list_of_parts_is_up_to_date():
    assert (ROOT / "docs" / "PARTS.md").read_text() == generator()["text"](), "run: make docs"


@pytest.mark.slow
def test_the_python_example_runs(capsys):
    (example,) = blocks(README, "python")
    exec(compile(example, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert float(lines[-1].split()[1]) > 0.5


def modules():
    return [
        info.name
        for info in pkgutil.walk_packages(normlab.__path__, "normlab.")
        if "__main__" not in info.name
    ]


@pytest.mark.parametrize("name", ["normlab", *modules()])
def test_the_examples_in_docstrings_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_settings_example_is_one():
    example, _ = blocks(README, "toml")
    assert parse(Preferences, parse_toml(example)).keys == {"run": "f5"}


def test_the_preset_example_is_one():
    _, example = blocks(README, "toml")
    assert list(parse_preset(example, "README.md").experiments) == ["baseline", "batch norm"]


def test_the_readme_names_every_part():
    table = README.split("## What you can combine")[1].split("## A preset")[0]
    named = set(re.findall(r"[a-z0-9_]+", table))
    for family in families():
        assert set(members(family)) <= named, set(members(family)) - named


def test_the_readme_names_shipped_presets_only():
    shipped = {path.stem for path in places.shipped_presets().glob("*.toml")}
    named = set(re.findall(r"(?:--preset|presets show) ([a-z0-9-]+)(?![\w.])", README))
    assert named
    assert named <= shipped


def test_the_worked_example_of_a_norm_is_a_norm(tmp_path):
    from normlab.components.norms import Norm
    from normlab.core.fields import describe

    (example,) = blocks((ROOT / "CONTRIBUTING.md").read_text(), "python")
    names = {}
    exec(compile(example, "CONTRIBUTING.md", "exec"), names)
    norm = names["MaxAbsNorm"]
    assert issubclass(norm, Norm)
    assert norm(eps=0.1).num_parameters((3,)) == 0
    assert set(describe(norm)) == {"kind", "eps"}
