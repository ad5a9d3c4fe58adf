"""normlab runs list: what is kept, found again, as a table, JSON and CSV."""

import csv
import io
import json

import pytest

from normlab.store import edit
from normlab.store.store import open_store


@pytest.fixture
def three(keep):
    keep("aaaaaa")
    keep("bbbbbb", {"model.norm.kind": "batch"}, arm="batch norm")
    keep(
        "cccccc",
        {"model.norm.kind": "layer", "seed": 1},
        arm="layer norm",
        losses=[1.0, float("nan"), float("inf")],
    )
    edit.tag(open_store(), ["bbbbbb"], ["paper", "fig-2"])


def ids(said):
    return [line.split()[0] for line in said.out.splitlines()[1:]]


def test_the_newest_run_comes_first(say, three):
    said = say("runs", "list")
    assert ids(said) == ["cccccc", "bbbbbb", "aaaaaa"]
    assert said.err == ""


def test_a_line_says_what_was_trained_and_what_came_of_it(say, three):
    line = next(line for line in say("runs", "list").out.splitlines() if line.startswith("bbbbbb"))
    assert line.split()[1:9] == ["batch", "norm", "digits", "batch", "0", "completed", "3", "0.2500"]
    assert line.endswith("fig-2 paper")


def test_the_words_of_a_filter_are_joined(say, three):
    assert ids(say("runs", "list", "norm=batch,layer", "seed=0")) == ["bbbbbb"]
    assert ids(say("runs", "list", "tag:paper")) == ["bbbbbb"]
    assert ids(say("runs", "list", "val_loss>0.3")) == ["cccccc"]


def test_a_sort_key_may_begin_with_a_minus(say, three):
    assert ids(say("runs", "list", "--sort", "-val_loss"))[0] == "cccccc"
    assert ids(say("runs", "list", "--sort", "val_loss"))[-1] == "cccccc"


def test_what_is_left_over_is_told(say, three):
    said = say("runs", "list", "--limit", "1")
    assert (ids(said), said.err) == (["cccccc"], "2 more: --offset 1, or --limit\n")
    said = say("runs", "list", "--limit", "2", "--offset", "2")
    assert (ids(said), said.err) == (["aaaaaa"], "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["lrr=3"], "filter: lrr: is neither a setting nor a metric; did you mean lr?\n"),
        (["--sort", "lrr"], "filter: lrr: is neither a setting nor a metric; did you mean lr?\n"),
        (["date>soon"], "date: soon: is no day; write date>=2026-11-01, or today\n"),
        (["--json", "--csv"], "--json: and --csv exclude each other; leave one out\n"),
    ],
)
def test_a_filter_that_can_not_be_understood_is_one_line_and_code_2(say, arguments, line):
    said = say("runs", "list", *arguments, code=2)
    assert (said.out, said.err) == ("", line)


def test_json_has_numbers_that_are_not_finite_as_words(say, three):
    found = json.loads(say("runs", "list", "--json", "norm=layer").out)
    assert [run["id"] for run in found] == ["cccccc"]
    assert found[0]["last"]["metrics"]["val_loss"] == "inf"
    assert found[0]["best"]["metrics"]["val_loss"] == 2.0


def test_csv_has_a_row_a_run_and_a_cell_a_number(say, three):
    rows = list(csv.DictReader(io.StringIO(say("runs", "list", "--csv").out)))
    assert [row["id"] for row in rows] == ["cccccc", "bbbbbb", "aaaaaa"]
    assert float(rows[1]["best_val_loss"]) == 0.25
    assert rows[0]["last_val_loss"] == "inf"
    assert rows[1]["tags"] == "fig-2 paper"


def test_text_from_elsewhere_neither_moves_the_cursor_nor_runs_in_a_spreadsheet(say, keep):
    keep("aaaaaa", arm="=1+1")
    keep("bbbbbb")
    open_store().write(
        lambda c: c.execute(
            "UPDATE runs SET name = ?, reason = ? WHERE id = 'bbbbbb'", ("\x1b]0;x\a\n‮a", "\x1b")
        )
    )
    for form in ([], ["--csv"], ["--json"]):
        out = say("runs", "list", *form).out
        assert not {"\x1b", "\a", "‮"} & set(out)
    assert {row["name"] for row in csv.DictReader(io.StringIO(say("runs", "list", "--csv").out))} >= {"'=1+1"}


def test_an_empty_store_says_how_to_begin_and_is_not_made(say, tmp_path):
    said = say("runs", "list")
    assert (said.out, said.err) == ("", "no run is kept yet: normlab --preset digits --no-ui\n")
    assert json.loads(say("runs", "list", "--json").out) == []
    assert not (tmp_path / "home").exists()


def test_80_columns_hold_a_page(say, three, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    edit.rename(open_store(), "aaaaaa", "a name that is far longer than any column could be: 一二三四五")
    lines = say("runs", "list").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[:3] == ["id", "name", "norm"], "what says least is left out"
    assert "…" in lines[-1]


def test_a_run_that_this_version_can_not_read_is_listed_all_the_same(say, keep):
    keep("aaaaaa")
    tree = '{"dataset": {"kind": "later"}, "model": {"kind": "x", "norm": 3}, "training": []}'
    open_store().write(lambda c: c.execute("UPDATE runs SET experiment = ?", (tree,)))
    assert "later" in say("runs", "list").out
    assert "dataset.kind" in say("runs", "show", "aaaaaa").out


def test_a_file_that_is_no_store_is_one_line_and_code_2(say, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lab.db").write_bytes(b"\x1b[2J not a store" * 100)
    said = say("runs", "list", code=2)
    assert "file is not a database" in said.err
    assert said.err.count("\n") == 1
    assert "\x1b" not in said.err


def test_presets_are_listed_as_json_and_csv(say):
    found = json.loads(say("presets", "list", "--json").out)
    digits = next(preset for preset in found if preset["name"] == "digits")
    assert (digits["arms"], digits["own"], digits["problem"]) == (3, False, None)
    rows = list(csv.DictReader(io.StringIO(say("presets", "list", "--csv").out)))
    assert [row["name"] for row in rows] == [preset["name"] for preset in found]


def test_what_a_shell_has_unquoted_is_found_all_the_same(say, keep):
    keep("aaaaaa", arm="batch norm")
    keep("bbbbbb", arm="norm batch")
    assert [run["id"] for run in json.loads(say("runs", "list", "arm=batch norm", "--json").out)] == [
        "aaaaaa"
    ]
    assert [run["id"] for run in json.loads(say("runs", "list", "batch norm", "--json").out)] == ["aaaaaa"]
    both = say("runs", "list", "outcome=completed norm=none", "--json").out
    assert len(json.loads(both)) == 2


def test_data_has_all_runs_and_a_table_twenty(say, keep):
    for number in range(21):
        keep(f"run{number:03}", epochs=1)
    said = say("runs", "list")
    assert (len(ids(said)), said.err) == (20, "1 more: --offset 20, or --limit\n")
    said = say("runs", "list", "--csv")
    assert (len(list(csv.DictReader(io.StringIO(said.out)))), said.err) == (21, "")
    assert len(json.loads(say("runs", "list", "--json").out)) == 21
    assert len(json.loads(say("runs", "list", "--json", "--limit", "5").out)) == 5
