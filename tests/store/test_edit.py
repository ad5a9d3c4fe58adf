"""What people say of runs is kept; what they delete can be brought back until it is purged."""

import json
import shutil

import pytest
from support.told import told

from normlab.core.errors import ConfigError
from normlab.store import edit
from normlab.store.errors import StoreError
from normlab.store.find import find_all, find_run, find_runs
from normlab.store.folder import FILE, write_record
from normlab.store.record import record
from normlab.store.replay import replay


@pytest.fixture
def kept(store):
    for run in ("aaaaaa", "bbbbbb"):
        list(record(told(run), store))
        (store.runs / run).mkdir(parents=True, exist_ok=True)
        (store.runs / run / "best.safetensors").write_bytes(b"weights")
    return store


def test_a_name_a_note_and_tags_are_kept(kept):
    edit.rename(kept, "aaaaaa", "the good one")
    edit.annotate(kept, "aaaaaa", "two\nlines")
    edit.tag(kept, ["aaaaaa", "bbbbbb"], add=["paper", "x"])
    edit.tag(kept, ["aaaaaa"], remove=["x", "never there"])
    run = find_run(kept, "aaaaaa")
    assert (run.title, run.note, run.tags) == ("the good one", "two\nlines", ("paper",))
    assert find_run(kept, "bbbbbb").tags == ("paper", "x")
    edit.rename(kept, "aaaaaa", None)
    assert find_run(kept, "aaaaaa").title == "baseline"


@pytest.mark.parametrize("text", ["", "a\x1b[31m", "a\u202eb", "x" * 81])
def test_a_name_that_is_not_one_visible_line_is_refused(kept, text):
    with pytest.raises(ConfigError, match="name: "):
        edit.rename(kept, "aaaaaa", text)


@pytest.mark.parametrize("text", ["", "two words", "a,b", 'a"b', "\x07"])
def test_a_tag_is_one_visible_word(kept, text):
    with pytest.raises(ConfigError, match="tag: "):
        edit.tag(kept, ["aaaaaa"], add=[text])


def test_a_deleted_run_is_nowhere_and_comes_back_whole(kept):
    edit.delete(kept, ["aaaaaa"])
    assert [run.id for run in find_runs(kept).runs] == ["bbbbbb"]
    assert find_all(kept, ["aaaaaa", "bbbbbb"])[0].id == "bbbbbb"
    with pytest.raises(StoreError, match="unknown"):
        find_run(kept, "aaaaaa")
    edit.restore(kept, ["aaaaaa"])
    assert len(list(replay("aaaaaa", kept))) == 11
    assert (kept.runs / "aaaaaa" / "best.safetensors").exists()


def test_what_is_purged_leaves_no_row_and_no_file(kept):
    edit.delete(kept, ["aaaaaa"])
    assert edit.purge(kept, ["bbbbbb"]).runs == [], "what isn't deleted can't be purged"
    assert edit.purge(kept) == edit.Purged(["aaaaaa"], [])
    assert not (kept.runs / "aaaaaa").exists()
    with kept.read() as connection:
        for table in ("settings", "scores", "points", "events"):
            assert connection.execute(f"SELECT count(DISTINCT run) FROM {table}").get == 1


def test_a_run_under_way_is_not_deleted(kept):
    recorded = record(told("cccccc", epochs=50, pause=0.02), kept)
    while next(recorded).event != "measured":
        pass
    with pytest.raises(ConfigError, match="under way; stop it first"):
        edit.delete(kept, ["cccccc"])
    recorded.close()
    edit.delete(kept, ["cccccc"])


def test_a_folder_that_cannot_be_removed_is_told_and_the_others_go(kept, monkeypatch):
    rmtree = shutil.rmtree

    def remove(path):
        if path.name == "aaaaaa":
            raise OSError(30, "Read-only file system")
        rmtree(path)

    edit.delete(kept, ["aaaaaa", "bbbbbb"])
    monkeypatch.setattr("shutil.rmtree", remove)
    purged = edit.purge(kept)
    assert sorted(purged.runs) == ["aaaaaa", "bbbbbb"]
    (problem,) = purged.problems
    assert problem.warning
    assert str(problem).startswith(f"{kept.runs / 'aaaaaa'}: can't be removed: Read-only file system")
    assert not (kept.runs / "bbbbbb").exists()
    assert find_runs(kept).total == 0


def test_a_row_that_names_another_place_purges_nothing_there(kept, tmp_path):
    (tmp_path / "precious").mkdir()
    kept.write(
        lambda c: c.execute(
            "UPDATE runs SET id = ?, deleted = 1 WHERE id = 'aaaaaa'", (str(tmp_path / "precious"),)
        )
    )
    with pytest.raises(StoreError, match="is no id of a run"):
        edit.purge(kept)
    assert (tmp_path / "precious").exists()


def test_what_is_said_of_a_run_is_in_its_folder_too(kept):
    write_record(kept, "aaaaaa")
    edit.annotate(kept, "aaaaaa", "for the talk")
    edit.tag(kept, ["aaaaaa"], add=["paper"])
    head = json.loads((kept.runs / "aaaaaa" / FILE).read_text().splitlines()[0])
    assert (head["note"], head["tags"]) == ("for the talk", ["paper"])
