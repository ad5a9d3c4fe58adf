"""normlab runs show and compare: all that is known of a run, and runs side by side."""

import csv
import io
import json

import pytest

from normlab.engine.events import read_event
from normlab.store import edit
from normlab.store.store import open_store


@pytest.fixture
def two(keep):
    keep("abaaaa")
    keep("abbbbb", {"model.norm.kind": "batch", "optimizer.lr": 0.5}, arm="batch norm")


def test_a_run_is_shown_with_what_differs_from_the_defaults(say, two):
    out = say("runs", "show", "abb").out
    assert out.splitlines()[0] == "abbbbb  batch norm"
    settings = [line.split() for line in out.splitlines() if line.startswith("  ")]
    assert ["model.norm.kind", "batch"] in settings
    assert ["optimizer.lr", "0.5"] in settings
    assert "batch_size" not in out
    assert "training.batch_size" in say("runs", "show", "abb", "--all").out
    assert [name for name, *_ in settings if name == "torch"] == ["torch"], "versions are shown"


def test_best_and_last_epoch_are_shown_each_with_its_own_numbers(say, keep):
    keep("bestaa", losses=[0.5, 0.25, 1.0])
    lines = [line.split() for line in say("runs", "show", "bestaa").out.splitlines()]
    best, last = (
        lines.index(["best", "epoch", "2,", "step", "40"]),
        lines.index(["last", "epoch", "3,", "step", "60"]),
    )
    assert ["val_loss", "0.5"] in lines[best:last]
    assert ["val_loss", "2.0"] in lines[last:]


def test_note_tags_and_files_are_shown(say, two):
    edit.tag(open_store(), ["abaaaa"], ["paper"])
    edit.annotate(open_store(), "abaaaa", "first\n\tsecond")
    (open_store().runs / "abaaaa" / "best.safetensors").write_bytes(b"abc")
    lines = say("runs", "show", "aba").out.splitlines()
    assert lines[-3:] == ["note", "  first", "          second"]
    assert ["tags", "paper"] in [line.split() for line in lines]
    assert any(line.split() == ["best.safetensors", "3.0", "B"] for line in lines)


def test_events_are_the_run_told_again(say, two):
    events = [read_event(line) for line in say("runs", "show", "aba", "--events").out.splitlines()]
    assert [event.run for event in events] == ["abaaaa"] * len(events)
    assert (events[0].event, events[-1].event) == ("run_created", "run_finished")
    assert [event.epoch for event in events if event.event == "measured"] == [1, 2, 3]


def test_json_and_csv_hold_the_settings(say, two):
    found = json.loads(say("runs", "show", "abb", "--json").out)
    assert found["settings"]["optimizer.lr"] == 0.5
    assert found["best"]["metrics"]["val_loss"] == 0.25
    rows = dict(list(csv.reader(io.StringIO(say("runs", "show", "abb", "--csv").out)))[1:])
    assert (rows["outcome"], rows["optimizer.lr"]) == ("completed", "0.5")
    assert (rows["best_val_loss"], rows["last_epoch"]) == ("0.25", "3")


def test_a_note_is_in_the_csv_line_by_line_and_is_never_run(say, keep):
    keep()
    edit.annotate(open_store(), "aaaaaa", "=1+1\nwhy")
    rows = list(csv.reader(io.StringIO(say("runs", "show", "aaa", "--csv").out)))
    assert rows[-2:] == [["note", "'=1+1"], ["note", "why"]]


def test_events_are_not_told_as_csv(say, keep):
    keep()
    line = "--csv: is not for events; normlab runs export ID --to csv\n"
    assert say("runs", "show", "aaa", "--events", "--csv", code=2).err == line


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("ab", "run: ab: several begin so: abaaaa, abbbbb; write more of it\n"),
        ("x", "run: x: is unknown; see normlab runs list\n"),
        ("", "is unknown"),
        ("*", "run: *: is unknown"),
        ("../../x", "run: ../../x: is unknown"),
        ("ab'; DROP TABLE runs; --", "is unknown"),
        ("\x1b[31m", "is unknown"),
        ("a" * 100_000, "is unknown"),
    ],
)
@pytest.mark.parametrize("command", ["show", "note", "resume", "evaluate", "compare"])
def test_an_id_that_is_none_is_one_line_and_code_2(say, two, command, start, rule):
    said = say("runs", command, start, code=2)
    assert rule in said.err
    assert said.err.count("\n") == 1
    assert "\x1b" not in said.err


def test_runs_stand_side_by_side_the_first_as_the_baseline(say, two):
    lines = [line.split() for line in say("runs", "compare", "abb", "aba").out.splitlines()]
    assert ["batch", "norm", "baseline"] in lines
    assert ["model.norm", "batch", "none"] in lines
    assert ["confounded", "2", "changes"] in lines


def test_runs_on_other_data_are_not_ranked_without_saying_why(say, keep):
    keep("aaaaaa")
    keep("bbbbbb", {"dataset.val_fraction": 0.5}, arm="more to validate")
    assert "dataset.val_fraction differs" in say("runs", "compare", "aaaaaa", "bbbbbb").out
    found = json.loads(say("runs", "compare", "aaaaaa", "bbbbbb", "--json").out)
    assert found["arms"][1]["not_compared"] == "dataset.val_fraction differs"
    losses = next(cells for name, cells in found["results"].items() if name.startswith("val_loss"))
    assert [cell["difference"] for cell in losses] == [None, None]


def test_seeds_of_one_experiment_share_a_column_beside_another(say, keep):
    keep("aaaaaa")
    keep("bbbbbb", {"seed": 1})
    keep("cccccc", {"model.norm.kind": "batch"}, arm="batch norm")
    found = json.loads(say("runs", "compare", "aaaaaa", "cccccc", "bbbbbb", "--json").out)
    assert [arm["runs"] for arm in found["arms"]] == [["aaaaaa", "bbbbbb"], ["cccccc"]]
    found = json.loads(say("runs", "compare", "aaaaaa", "bbbbbb", "--json").out)
    assert [arm["runs"] for arm in found["arms"]] == [["aaaaaa"], ["bbbbbb"]]


def test_runs_of_one_name_have_a_column_each(say, keep):
    keep("aaaaaa")
    keep("bbbbbb", {"optimizer.lr": 0.01})
    keep("cccccc", {"optimizer.lr": 0.02})
    found = json.loads(say("runs", "compare", "aaaaaa", "bbbbbb", "cccccc", "--json").out)
    assert [arm["runs"] for arm in found["arms"]] == [["aaaaaa"], ["bbbbbb"], ["cccccc"]]
    assert [arm["name"] for arm in found["arms"]][1:] == ["baseline · lr = 0.01", "baseline · lr = 0.02"]


def test_a_comparison_as_csv_has_a_column_a_run(say, two):
    rows = list(csv.reader(io.StringIO(say("runs", "compare", "aba", "abb", "--csv").out)))
    assert rows[0] == ["setting", "baseline", "batch norm"]


def test_hostile_names_and_notes_are_shown_harmlessly(say, two):
    evil = "\x1b]52;c;eA==\a[red]‮$(touch x)"
    open_store().write(lambda c: c.execute("UPDATE runs SET name = ?, arm = ?, note = ?", (evil, evil, evil)))
    for arguments in (["show", "aba"], ["show", "aba", "--csv"], ["compare", "aba", "abb"], ["note", "aba"]):
        out = say("runs", *arguments).out
        assert "red]" in out
        assert not {"\x1b", "\a", "‮"} & set(out)
