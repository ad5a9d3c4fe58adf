import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from normlab.cli.app import app
from normlab.core import places
from normlab.core.errors import ConfigError
from normlab.lab.presets import load_preset, parse_preset, preset_files

README = Path(__file__).parents[2] / "README.md"
COMMANDS = [
    (group.name, command.name)
    for group in app.registered_groups
    for command in group.typer_instance.registered_commands
]


def run(*arguments, code=0):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_presets_are_listed_with_their_titles():
    listed = run("presets", "list")
    for path in preset_files():
        assert re.search(rf"^{path.stem} +{re.escape(load_preset(path.stem).title)}", listed, re.MULTILINE)


def test_a_broken_preset_is_listed_with_its_error():
    places.own_presets().mkdir(parents=True)
    (places.own_presets() / "mine.toml").write_text('title = "x"')
    assert re.search(
        r"^mine +broken: mine.toml: experiment: is missing", run("presets", "list"), re.MULTILINE
    )


def test_a_preset_is_shown_as_its_file_stands():
    assert parse_preset(run("presets", "show", "digits"), "digits") == load_preset("digits")


def test_every_shipped_preset_passes_its_check():
    output = run("presets", "check", *map(str, preset_files()))
    assert output.count(": ok: ") == len(list(preset_files()))


def test_a_check_tells_how_large_a_study_is_and_what_keeps_it_from_an_answer(tmp_path):
    text = (
        'title = "x"\n[experiment]\n[study]\nseeds = 3\ngrid = { "training.batch_size" = [8, 16] }\n'
        '[[arms]]\nname = "both"\nset = { "model.norm.kind" = "batch", "optimizer.lr" = 0.1 }\n'
        '[[claims]]\ntext = "x"\narm = "both"\nmetric = "val_loss"\ndirection = "lower"\n'
    )
    (tmp_path / "x.toml").write_text(text)
    lines = run("presets", "check", str(tmp_path / "x.toml")).splitlines()
    assert any(line.endswith("ok: 2 arms x 2 places of the grid x 3 seeds = 12 runs") for line in lines)
    assert any("arm: both: is confounded: it changes 2 settings of baseline" in line for line in lines)
    assert any("study.seeds: 3: are too few to support 1 claim" in line for line in lines)


def test_the_schema_knows_every_part():
    schema = json.loads(run("presets", "schema"))
    assert {"GroupNorm", "CrossEntropy", "Adam", "Digits", "MLP"} <= set(schema["$defs"])
    assert "must divide the channels" in schema["$defs"]["GroupNorm"]["properties"]["groups"]["description"]


def test_the_doctor_tells_versions_devices_and_folders():
    output = run("doctor")
    assert re.search(r"^torch +\d", output, re.MULTILINE)
    assert re.search(r"^device +cpu", output, re.MULTILINE)
    assert str(places.home()) in output
    assert output.endswith("all is well\n")


def test_the_doctor_finds_a_home_that_can_not_be_used(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NORMLAB_HOME", str(tmp_path / "file" / "home"))
    assert "is not a folder; set NORMLAB_HOME" in run("doctor", code=1)


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def test_readme_and_help_know_the_same_options():
    told = {option for option in options(run("--help")) if option not in ("--help", "--version")}
    assert told <= options(README.read_text()), "the README leaves an option out"
    commands = [
        line for line in README.read_text().splitlines() if line.strip().startswith(("normlab ", "make lab"))
    ]
    assert commands
    for group, command in COMMANDS:
        told |= options(run(group, command, "--help"))
    assert options("\n".join(commands)) <= told, "the README names an option that there isn't"


@pytest.mark.parametrize(("group", "command"), COMMANDS)
def test_readme_names_every_command(group, command):
    assert f"normlab {group} {command}" in README.read_text()


def test_the_doctor_finds_a_package_that_is_missing(monkeypatch):
    monkeypatch.setattr("normlab.cli.doctor._PACKAGES", ("normlab", "no-such-package"))
    assert "no-such-package is missing; reinstall normlab" in run("doctor", code=1)


def test_the_doctor_explains_how_each_arm_of_a_preset_is_trained(tmp_path):
    (tmp_path / "two.toml").write_text(
        'title = "Two"\n[experiment]\nmodel = { kind = "mlp" }\n'
        '[[arms]]\nname = "half"\nset = { "training.precision" = "bfloat16" }\n'
    )
    stacked, alone = run("doctor", "--explain", str(tmp_path / "two.toml")).splitlines()
    assert re.fullmatch(r"baseline +stacked: up to \d+ runs together; 1 thread", stacked)
    assert re.fullmatch(r"half +alone: bfloat16 .*; 1 thread", alone)


def test_the_doctor_explains_no_preset_that_is_wrong(tmp_path):
    (tmp_path / "odd.toml").write_text('title = "Odd"\n[experiment.model]\nkind = "odd"\n')
    with pytest.raises(ConfigError, match="odd: is no model"):
        CliRunner().invoke(app, ["doctor", "--explain", str(tmp_path / "odd.toml")], catch_exceptions=False)


def test_the_doctor_finds_a_disk_that_is_full(monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=3_000_000))
    output = run("doctor", code=1)
    assert "too little for runs; free" in output
    assert output.endswith("1 fault\n")


def test_the_doctor_finds_a_folder_that_refuses_files(monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("normlab.cli.doctor.TemporaryFile", refuse)
    assert "can't be written (permission denied); set NORMLAB_HOME to a folder that can" in run(
        "doctor", code=1
    )
