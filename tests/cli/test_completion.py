"""What the shell offers on tab."""

import os
import subprocess
import sys
import time

import pytest

from normlab.cli.completion import complete_filter, complete_preset, complete_run, complete_setting
from normlab.core import places
from normlab.store.store import open_store

BASH = {"_NORMLAB_COMPLETE": "complete_bash", "COMP_WORDS": "normlab runs show ", "COMP_CWORD": "3"}
ZSH = {"_NORMLAB_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "normlab runs show "}
FISH = {
    "_NORMLAB_COMPLETE": "complete_fish",
    "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    "_TYPER_COMPLETE_ARGS": "normlab runs show ",
}


@pytest.mark.parametrize(
    ("variables", "offered"),
    [
        (BASH, "bbbbbb\naaaaaa\n"),
        (ZSH, '_arguments \'*: :(("bbbbbb":"baseline, completed"\n"aaaaaa":"baseline, completed"))\'\n'),
        (FISH, "bbbbbb\tbaseline, completed\naaaaaa\tbaseline, completed\n"),
    ],
)
def test_ids_are_offered_newest_first_with_their_names(say, keep, monkeypatch, variables, offered):
    keep("aaaaaa")
    keep("bbbbbb")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert say().out == offered


def test_an_offer_is_quick_and_loads_no_torch(keep):
    keep()
    code = (
        "import sys\n"
        "from normlab.__main__ import main\n"
        "sys.argv = ['normlab']\n"
        "try:\n    main()\n"
        "finally:\n    assert 'torch' not in sys.modules and 'sklearn' not in sys.modules\n"
    )
    times = []
    for _ in range(3):
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **BASH},
            capture_output=True,
            text=True,
            check=True,
        )
        times.append(time.monotonic() - start)
    assert done.stdout == "aaaaaa\n"
    assert min(times) < 1.0  # 0.22 s where nothing else runs


def test_help_neither_opens_the_store_nor_loads_torch(tmp_path):
    code = (
        "import sys\n"
        "from normlab.__main__ import main\n"
        "sys.argv = ['normlab', 'runs', '--help']\n"
        "try:\n    main()\n"
        "finally:\n    assert not {'torch', 'apsw', 'psutil', 'rich'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not (tmp_path / "home").exists()


def test_a_name_from_elsewhere_does_not_run_in_the_shell(keep):
    keep("aaaaaa")
    evil = "\\$(touch pwned) `id` \"'; \x1b[31m [red] [/] %s x"
    open_store().write(lambda c: c.execute("UPDATE runs SET name = ?", (evil,)))
    ((run, told),) = complete_run("a")
    assert run == "aaaaaa"
    assert not set("\\$`\"';[]()&|<>*?{}\x1b\n") & set(told)


def test_an_id_or_a_preset_that_is_no_plain_word_is_not_offered(keep):
    keep("aaaaaa")
    open_store().write(lambda c: c.execute("UPDATE runs SET id = '$(id)'"))
    assert complete_run("") == []
    assert complete_run("$") == []
    places.own_presets().mkdir(parents=True)
    (places.own_presets() / "$(id).toml").write_text("")
    (places.own_presets() / "mine.toml").write_text("")
    offered = [name for name, _ in complete_preset("")]
    assert offered[0] == "mine"
    assert "digits" in offered
    assert "$(id)" not in offered


def test_a_store_that_can_not_be_read_offers_nothing(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lab.db").write_bytes(b"no store" * 500)
    assert complete_run("") == []


def test_an_id_is_offered_however_many_newer_names_begin_so(keep):
    keep("abcdef")
    copied = "arm, seed, created, experiment, environment"
    counted = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)"
    sql = f"{counted} INSERT INTO runs (id, name, {copied}) SELECT 'z' || (1000 + i), 'abc', {copied} FROM runs, n"
    open_store().write(lambda c: c.execute(sql))
    assert [run for run, _ in complete_run("abc")] == ["abcdef"]
    assert len(complete_run("z")) == 100


def test_settings_and_filters_are_offered():
    assert "optimizer.lr=" in complete_setting("opt")
    assert "norm=" in complete_filter("no")
    assert "outcome=" in complete_filter("")
