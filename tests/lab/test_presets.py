from pathlib import Path

import pytest

from normlab.core import places
from normlab.core.errors import ConfigError
from normlab.lab.presets import find_preset, lasting_name, load_preset, parse_preset, save_preset
from normlab.lab.settings import change

TEXT = """
# A comment that somebody wrote.
title = "Two norms"   # short

[experiment.dataset]
kind = "circles"
samples = 100

[experiment.model]
kind = "mlp"
hidden = [8]   # small

[experiment.optimizer]
kind = "sgd"

# The arm.
[[arms]]
name = "batch norm"
set = { "model.norm.kind" = "batch" }

[study]
seeds = 2

[[claims]]
text = "Batch norm is better"
arm = "batch norm"
metric = "val_loss"
direction = "lower"
"""


def lines(text):
    with pytest.raises(ConfigError) as caught:
        parse_preset(text, "my.toml")
    return str(caught.value).splitlines()


def test_a_preset_gives_an_experiment_per_arm():
    preset = parse_preset(TEXT, "my.toml")
    assert list(preset.experiments) == ["baseline", "batch norm"]
    assert preset.experiments["batch norm"].model.norm.kind == "batch"
    assert preset.experiments["baseline"].model.norm.kind == "none"
    assert preset.seeds == [0, 1]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('arm = "batch norm"', 'arm = "batch nrm"', "my.toml: claims[0].arm: batch nrm: is no arm here; did you mean batch norm?"),
        ('"batch norm"\nset', '"baseline"\nset', "my.toml: arms[0].name: baseline: is taken"),
        ('"model.norm.kind" = "batch"', '"model.norm.knd" = "batch"', "my.toml: arms[0].set: model.norm.knd: is no setting here"),
        ('"model.norm.kind" = "batch"', '"optimizer.lr" = -1', "my.toml: arms[0].set: optimizer.lr: -1: must be a number"),
        ("samples = 100", "smaples = 100", "my.toml: experiment.dataset.smaples: is no setting here; did you mean samples?"),
        ('"model.norm.kind" = "batch"', '"seed" = 5', "my.toml: arms[0].set: seed: is not an arm's own"),
        ('direction = "lower"', 'direction = "equal"', "my.toml: claims[0].margin: is missing"),
        ("seeds = 2", "seeds = 0", "my.toml: study.seeds: 0: must be"),
        ('metric = "val_loss"', 'metric = "epochs_to"', "my.toml: claims[0].target: is missing"),
        ('metric = "val_loss"', 'metric = "val_los"', "my.toml: claims[0].metric: val_los: must be"),
        ("title =", "titel =", "my.toml: title: is missing"),
        ('"Two norms"', '"Two \\u001b[31mnorms"', "my.toml: title: "),
        ('name = "batch norm"', 'name = "a\\u202eb"', "my.toml: arms[0].name: "),
        ("[study]", "[study", "my.toml: the file: is not valid TOML: "),
    ],
)  # fmt: skip
def test_each_fault_of_a_preset_is_told_with_its_place(old, new, line):
    assert old in TEXT
    assert any(found.startswith(line) for found in lines(TEXT.replace(old, new))), lines(
        TEXT.replace(old, new)
    )


def test_error_lines_never_carry_escapes():
    assert "\x1b" not in "".join(lines(TEXT.replace('"Two norms"', '"Two \\u001b[31mnorms"')))


def test_a_saved_preset_keeps_comments_and_reads_back(tmp_path):
    path = tmp_path / "own" / "my.toml"
    path.parent.mkdir()
    path.write_text(TEXT)
    preset = parse_preset(TEXT, "my.toml")
    changed = preset.with_(title="New", experiment=change(preset.experiment, {"model.hidden": [9, 9]}))
    save_preset(changed, path)
    text = path.read_text()
    for comment in ("# A comment that somebody wrote.", "# small", "# The arm.", "# short"):
        assert comment in text
    assert parse_preset(text, "my.toml") == changed
    assert list(path.parent.iterdir()) == [path]


def test_a_new_file_reads_back_and_looks_like_one_written_by_hand(tmp_path):
    preset = parse_preset(TEXT, "my.toml")
    save_preset(preset, tmp_path / "new.toml")
    text = (tmp_path / "new.toml").read_text()
    assert parse_preset(text, "new.toml") == preset
    assert '[experiment.dataset]\nkind = "circles"' in text
    assert 'set = {"model.norm.kind" = "batch"}' in text


def test_one_s_own_preset_goes_before_a_shipped_one():
    places.own_presets().mkdir(parents=True)
    (places.own_presets() / "digits.toml").write_text(TEXT)
    assert load_preset("digits").title == "Two norms"


def test_a_name_may_be_shortened_while_it_is_clear():
    assert find_preset("d1") == find_preset("d1-circles")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("digitz", "preset: digitz: is unknown; did you mean digits?"),
        ("a3", "preset: a3: is unknown; several begin so: a3-digits, a3-mnist"),
        ("nowhere/x.toml", "nowhere/x.toml: can't be read: No such file or directory"),
        ("\x1b[31m", "preset: ⟨U+001B⟩[31m: is unknown"),
    ],
)
def test_a_preset_that_is_not_there_is_told(name, line):
    with pytest.raises(ConfigError) as caught:
        load_preset(name)
    assert str(caught.value).startswith(line)


def test_large_and_binary_files_are_refused(tmp_path):
    large, binary = tmp_path / "large.toml", tmp_path / "binary.toml"
    large.write_text("#" * 70_000)
    binary.write_bytes(b"\xff\xfe")
    for path, rule in ((large, "is over 64 kB"), (binary, "is not UTF-8 text"), (tmp_path, "can't be read")):
        with pytest.raises(ConfigError, match=rule):
            load_preset(f"{path}/" if path.is_dir() else str(path))


@pytest.mark.parametrize("path", sorted(places.shipped_presets().glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_preset_is_right_and_explains_itself(path):
    preset = load_preset(path.stem)
    assert len(preset.about) > 200
    assert preset.source


def test_a_preset_keeps_its_name_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert lasting_name(places.shipped_presets() / "digits.toml") == "digits"
    assert lasting_name(Path("my.toml")) == str(tmp_path / "my.toml")
