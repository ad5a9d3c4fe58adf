"""What the lab remembers, and what it does with a file that is wrong."""

import pytest

from normlab.core.errors import ConfigError
from normlab.tui import preferences
from normlab.tui.keys import key_problems
from normlab.tui.preferences import Preferences
from normlab.views.curves import ChartChoices


def test_nothing_remembered_gives_the_defaults():
    assert preferences.load() == (Preferences(), [])


def test_what_is_saved_comes_back():
    chosen = Preferences(
        theme="colour-blind-light", chart=ChartChoices(log=False), keys={"run": "f5"}, preset="d1-circles"
    )
    preferences.save(chosen)
    assert preferences.load() == (chosen, [])


def test_comments_of_the_file_are_kept():
    path = preferences.path()
    path.parent.mkdir(parents=True)
    path.write_text('# mine\ntheme = "normlab-light"\n')
    remembered, _ = preferences.load()
    preferences.save(remembered.model_copy(update={"preset": "digits"}))
    assert "# mine" in path.read_text()


def test_what_could_not_be_read_again_is_not_written():
    with pytest.raises(ConfigError, match="invisible character U"):
        preferences.save(Preferences().model_copy(update={"preset": "a\u202eb"}))
    assert not preferences.path().exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("theme = 3", "settings.toml: theme"),
        ('theme = "normlab-drak"', "did you mean normlab-dark?"),
        ("[", "is not valid TOML"),
        ("colour = 1", "is no setting here"),
        ("a" + ".a" * 20_000 + " = 1", "a key with dots"),
        ("[keys]\nlab.form = 3", "lab.form must be given a key"),
        ('preset = "\\u001b[2J"', "invisible character U+001B"),
        ("\x00", "is not valid TOML"),
    ],
)
def test_a_broken_file_is_reported_and_left_alone(text, told):
    path = preferences.path()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    remembered, problems = preferences.load()
    assert remembered == Preferences()
    assert told in str(problems[0])
    with pytest.raises(ConfigError):
        preferences.save(remembered)
    assert path.read_text() == text


def test_names_of_keys_may_be_written_as_toml_reads_them():
    path = preferences.path()
    path.parent.mkdir(parents=True)
    path.write_text('[keys]\nlab.form = "F"\n"charts.log" = "f6"\n')
    assert preferences.load()[0].keys == {"lab.form": "F", "charts.log": "f6"}


def test_keys_of_nothing_and_keys_for_two_things_are_told():
    told = [str(problem) for problem in key_problems({"runn": "f5", "pause": "r", "charts.log": "f6"})]
    assert told[0].startswith("keys.runn: is no key's name; did you mean run?")
    assert told[1:] == [
        f"keys.pause: r: is also the key of {name}; choose another" for name in ("run", "study.run")
    ]
    assert not list(key_problems({}))
