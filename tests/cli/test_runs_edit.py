"""normlab runs tag, note, delete, prune, import and export."""

import io
import json
import os
import shutil
import sys

import pytest

from normlab.store import edit
from normlab.store.find import find_run, find_runs
from normlab.store.store import open_store


def tags(run="aaaaaa"):
    return find_run(open_store(), run).tags


def test_tags_are_added_and_taken_off(say, keep):
    keep()
    say("runs", "tag", "aaa", "+paper", "+hot", "+draft")
    say("runs", "tag", "aaa", "+fig-2", "-draft")
    assert tags() == ("fig-2", "hot", "paper")
    say("runs", "tag", "aaa", "-hot")  # holds an h, which might be taken for -h
    say("runs", "tag", "-paper", "aaa")
    assert tags() == ("fig-2",)


@pytest.mark.parametrize(
    "words",
    [
        ["aaaaaa"],
        ["+paper"],
        ["aaaaaa", "+"],
        ["aaaaaa", "+two words"],
        ["aaaaaa", "+\x1b[2J"],
        ["zzz", "+a"],
        ["aaaaaa", "+paper", "--json"],
    ],
)
def test_a_tag_that_is_no_word_is_code_2(say, keep, words):
    keep()
    said = say("runs", "tag", *words, code=2)
    assert said.err.count("\n") == 1
    assert "\x1b" not in said.err
    assert tags() == ()


def test_a_note_is_put_read_from_stdin_printed_and_cleared(say, keep, monkeypatch):
    keep()
    say("runs", "note", "aaa", "why it diverged")
    assert say("runs", "note", "aaa").out == "why it diverged\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO("two\nlines\n"))
    say("runs", "note", "aaa", "-")
    assert find_run(open_store(), "aaa").note == "two\nlines"
    say("runs", "note", "aaa", "")
    assert say("runs", "note", "aaa").out == ""


@pytest.mark.parametrize("text", ["a\x1b[2J", "x" * 20_001])
def test_a_note_that_hides_something_or_is_too_long_is_code_2(say, keep, text):
    keep()
    assert say("runs", "note", "aaa", text, code=2).err.startswith("note: ")


def test_runs_are_deleted_for_good_with_their_folders(say, keep):
    keep("aaaaaa")
    keep("bbbbbb")
    folder = open_store().runs / "aaaaaa"
    assert folder.exists()
    assert say("runs", "delete", "aaa", "--yes").out == "aaaaaa\n"
    assert not folder.exists()
    assert [run.id for run in find_runs(open_store()).runs] == ["bbbbbb"]


def test_a_folder_that_stays_is_a_warning_and_the_others_go(say, keep, monkeypatch):
    rmtree = shutil.rmtree

    def remove(path):
        if path.name == "aaaaaa":
            raise OSError(13, "Permission denied")
        rmtree(path)

    keep("aaaaaa")
    keep("bbbbbb")
    monkeypatch.setattr("shutil.rmtree", remove)
    said = say("runs", "delete", "aaa", "bbb", "--yes")
    folder = open_store().runs / "aaaaaa"
    assert sorted(said.out.split()) == ["aaaaaa", "bbbbbb"]
    assert said.err == f"warning: {folder}: can't be removed: Permission denied; remove it yourself\n"
    assert [path.name for path in folder.parent.iterdir()] == ["aaaaaa"]


def test_nothing_is_deleted_where_nobody_can_be_asked(say, keep, monkeypatch):
    keep()
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert say("runs", "delete", "aaa", code=2).err.startswith("--yes: is needed where nobody can be asked")
    assert find_runs(open_store()).total == 1


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_on_a_terminal_it_asks(say, keep, monkeypatch, answer, left):
    keep()
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    said = say("runs", "delete", "aaa")
    assert "delete aaaaaa (baseline) for good?" in said.err
    assert find_runs(open_store()).total == left


def test_a_run_under_way_is_not_deleted(say, keep):
    keep(finish=False)
    open_store().write(lambda c: c.execute("UPDATE runs SET outcome = NULL, owner = NULL"))
    assert "is under way; stop it first" in say("runs", "delete", "aaa", "--yes", code=2).err
    assert "is under way" in say("runs", "resume", "aaa", code=2).err
    assert "is under way" in say("runs", "extend", "aaa", "--epochs", "9", code=2).err


@pytest.fixture
def litter(keep):
    """A deleted run, a folder of no run, a young one, one that is a link, and a completed run's state."""
    keep("aaaaaa")
    keep("bbbbbb")
    runs = open_store().runs
    for name in ("cccccc", "dddddd"):
        (runs / name).mkdir()
        (runs / name / "best.safetensors").write_bytes(b"x" * 2048)
    (runs / "eeeeee").symlink_to(runs / "aaaaaa")
    os.utime(runs / "cccccc", (0, 0))
    os.utime(runs / "eeeeee", (0, 0), follow_symlinks=False)
    (runs / "aaaaaa" / "state.safetensors").write_bytes(b"x" * 1024)
    edit.delete(open_store(), ["bbbbbb"])
    return runs


def test_pruning_takes_what_nobody_can_reach(say, litter):
    said = say("runs", "prune", "--yes")
    assert "1 deleted runs" in said.out
    assert "1 folders of no run, 2.0 KiB: cccccc" in said.out
    assert "freed " in said.out
    assert {path.name for path in litter.iterdir()} == {"aaaaaa", "dddddd", "eeeeee"}
    assert (litter / "aaaaaa" / "state.safetensors").exists()
    assert say("runs", "prune", "--yes").err == "nothing to prune\n"


def test_pruning_takes_the_states_of_completed_runs_where_it_is_told(say, litter):
    assert "1 states of completed runs, 1.0 KiB: aaaaaa" in say("runs", "prune", "--checkpoints", "--yes").out
    assert not (litter / "aaaaaa" / "state.safetensors").exists()
    assert (litter / "aaaaaa" / "run.jsonl").exists()


def test_a_dry_run_changes_nothing_and_a_real_one_asks(say, litter, monkeypatch):
    before = sorted(litter.iterdir())
    say("runs", "prune", "--checkpoints", "--dry-run")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert say("runs", "prune", code=2).err.startswith("--yes: ")
    assert sorted(litter.iterdir()) == before


def test_what_somebody_needs_again_while_it_asks_is_left(say, litter, monkeypatch):
    def answer(question, yes):
        edit.restore(open_store(), ["bbbbbb"])
        open_store().write(lambda c: c.execute("UPDATE runs SET outcome = NULL WHERE id = 'aaaaaa'"))
        return True

    monkeypatch.setattr("normlab.cli.run_prune.agrees", answer)
    said = say("runs", "prune", "--checkpoints")
    assert said.out.endswith("freed 2.0 KiB\n")
    assert {path.name for path in litter.iterdir()} == {"aaaaaa", "bbbbbb", "dddddd", "eeeeee"}
    assert (litter / "aaaaaa" / "state.safetensors").exists()


def test_a_folder_that_can_be_imported_is_not_pruned(say, litter):
    (litter / "cccccc" / "run.jsonl").write_text("{}")
    os.utime(litter / "cccccc", (0, 0))
    said = say("runs", "prune", "--yes")
    assert "cccccc" not in said.out
    assert (
        f"1 folders hold runs that aren't in the store: normlab runs import {litter / 'cccccc'}" in said.err
    )
    assert (litter / "cccccc").exists()


def test_what_would_go_is_listed_as_json_and_csv(say, litter):
    listed = json.loads(say("runs", "prune", "--checkpoints", "--dry-run", "--json").out)
    assert [each["what"] for each in listed] == [
        "deleted runs",
        "folders of no run",
        "states of completed runs",
    ]
    assert listed[1] == {"what": "folders of no run", "path": str(litter / "cccccc"), "bytes": 2048}
    assert f"folders of no run,{litter / 'cccccc'},2048\n" in say("runs", "prune", "--yes", "--csv").out
    assert not (litter / "cccccc").exists()


def test_a_folder_from_another_machine_is_taken_and_a_wrong_one_told(say, keep, tmp_path, monkeypatch):
    shutil.copytree(open_store().runs / keep(), tmp_path / "taken")
    monkeypatch.setenv("NORMLAB_HOME", str(tmp_path / "other"))
    said = say("runs", "import", str(tmp_path / "none"), str(tmp_path / "taken"), code=2)
    assert said.out == "aaaaaa\n"
    assert "can't be read: No such file or directory" in said.err
    assert find_run(open_store(), "aaaaaa").outcome == "completed"
    assert "is here already" in say("runs", "import", str(tmp_path / "taken"), code=2).err
    open_store().close()


@pytest.mark.parametrize("run", ["../../x", "a\x1b[2J", "/etc", "", "."])
def test_a_folder_whose_run_has_no_such_id_is_refused(say, keep, tmp_path, run):
    path = open_store().runs / keep() / "run.jsonl"
    text = path.read_text().replace("aaaaaa", run.replace("\x1b", "\\u001b"))
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "run.jsonl").write_text(text)
    said = say("runs", "import", str(tmp_path / "evil"), code=2)
    assert "\x1b" not in said.err
    assert [each.id for each in find_runs(open_store()).runs] == ["aaaaaa"]


def test_the_formats_are_listed_where_none_is_named(say, keep):
    for arguments in ([], [keep()]):
        lines = say("runs", "export", *arguments).out.splitlines()
        assert {"csv", "html", "onnx"} <= {line.split()[0] for line in lines}
        assert all(len(line.split()) > 3 for line in lines), "each says what it is"


def test_the_formats_are_listed_as_json_and_csv(say):
    listed = json.loads(say("runs", "export", "--json").out)
    assert {"csv", "html", "onnx"} <= {each["format"] for each in listed}
    assert say("runs", "export", "--csv").out.startswith("format,help,missing_extra\n")
    assert "exclude each other" in say("runs", "export", "--csv", "--json", code=2).err


def test_runs_are_written_to_a_file_that_is_not_replaced_unasked(say, keep, tmp_path, monkeypatch):
    keep("aaaaaa")
    keep("bbbbbb")
    monkeypatch.chdir(tmp_path)
    said = say("runs", "export", "aaa", "bbb", "--to", "csv")
    (path,) = said.out.splitlines()
    assert path == str(tmp_path / "runs.csv")
    assert "bbbbbb" in (tmp_path / "runs.csv").read_text()
    assert "is there already" in say("runs", "export", "aaa", "--to", "csv", "--out", "runs.csv", code=2).err
    say("runs", "export", "aaa", "--to", "csv", "--out", "runs.csv", "--overwrite")
    assert "bbbbbb" not in (tmp_path / "runs.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--to", "csv"], "--to: needs runs to export; name them: normlab runs list\n"),
        (["aaaaaa", "--to", "cvs"], "--to: cvs: is no format; did you mean csv?\n"),
    ],
)
def test_an_export_that_can_not_be_is_one_line_and_code_2(say, keep, arguments, line):
    keep()
    assert say("runs", "export", *arguments, code=2).err == line
