"""A run's folder holds all of the run, and is taken in elsewhere with care."""

import json
import shutil

import pytest
from support.told import lasting, told

from normlab.core.errors import NormlabError
from normlab.store import edit
from normlab.store.find import find_run, find_runs
from normlab.store.folder import FILE, write_record
from normlab.store.importing import import_folder
from normlab.store.record import record
from normlab.store.replay import replay
from normlab.store.store import Store


@pytest.fixture
def folder(store, tmp_path):
    """The folder of a run, copied off its machine."""
    list(record(told(settings={"model.norm.kind": "batch"}), store))
    edit.tag(store, ["aaaaaa"], add=["paper"])
    edit.rename(store, "aaaaaa", "the good one")
    write_record(store, "aaaaaa")
    (store.runs / "aaaaaa" / "best.safetensors").write_bytes(b"weights")
    return shutil.copytree(store.runs / "aaaaaa", tmp_path / "copied")


@pytest.fixture
def elsewhere(tmp_path):
    store = Store(tmp_path / "elsewhere")
    yield store
    store.close()


def test_every_finished_run_leaves_its_record_in_its_folder(store):
    list(record(told(), store))
    lines = (store.runs / "aaaaaa" / FILE).read_text().splitlines()
    assert json.loads(lines[0])["id"] == "aaaaaa"
    assert [json.loads(line)["event"] for line in lines[1:]] == [event.event for event in lasting(told())]


def test_a_folder_from_elsewhere_becomes_the_same_run(folder, store, elsewhere):
    assert import_folder(elsewhere, folder) == "aaaaaa"
    here, there = find_run(store, "aaaaaa"), find_run(elsewhere, "aaaaaa")
    for name in (
        "experiment",
        "created",
        "finished",
        "outcome",
        "best",
        "last",
        "name",
        "tags",
        "environment",
        "step",
    ):
        assert getattr(here, name) == getattr(there, name), name
    one, other = replay("aaaaaa", store), replay("aaaaaa", elsewhere)
    assert [e.model_dump_json() for e in one] == [e.model_dump_json() for e in other]
    assert (there.folder / "best.safetensors").read_bytes() == b"weights"
    assert find_runs(elsewhere, "norm=batch val_loss<1 tag:paper").total == 1


def test_a_run_that_is_here_already_is_not_taken_in_again(folder, store):
    with pytest.raises(NormlabError, match="is here already"):
        import_folder(store, folder)


def spoil(folder, number, line):
    path = folder / FILE
    lines = path.read_text().splitlines()
    lines[number] = line if isinstance(line, str) else json.dumps(json.loads(lines[number]) | line)
    path.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("number", "line", "said"),
    [
        (0, "", "line 1: "),
        (0, "{", "line 1: "),
        (0, {"id": "../../../etc"}, "line 1: "),
        (0, {"id": "other2"}, "line 2: is of another run"),
        (0, {"name": "\x1b]0;gotcha\x07"}, "line 1: "),
        (0, {"extra": 1}, "line 1: "),
        (1, {"run": "other2"}, "line 2: is of another run"),
        (1, {"experiment": {"dataset": {"kind": "nowhere\x1b[31m"}}}, "line 2: "),
        (2, {"event": "nothing"}, "line 3: "),
        (1, {"arm": "\x1b]0;gotcha\x07"}, "line 2: must not hold the invisible character U\\+001B"),
        (3, {"message": "\u202egnihton"}, "line 4: must not hold"),
        (2, "[" * 100_000, "line 3: "),
    ],
)
def test_a_line_that_is_wrong_is_named_and_nothing_is_taken_in(folder, elsewhere, number, line, said):
    spoil(folder, number, line)
    with pytest.raises(NormlabError, match=said) as raised:
        import_folder(elsewhere, folder)
    assert "\x1b" not in str(raised.value)
    assert find_runs(elsewhere).total == 0
    assert not elsewhere.runs.exists()


def test_a_folder_without_a_record_is_said(elsewhere, tmp_path):
    with pytest.raises(NormlabError, match=f"give the folder of a run, with its {FILE}"):
        import_folder(elsewhere, tmp_path)


def test_only_the_files_of_a_run_are_taken_and_no_links(folder, elsewhere, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (folder / "state.safetensors").symlink_to(tmp_path / "secret")
    (folder / "evil.sh").write_text("rm -rf /")
    import_folder(elsewhere, folder)
    assert sorted(p.name for p in (elsewhere.runs / "aaaaaa").iterdir()) == ["best.safetensors", FILE]


def test_an_unfinished_record_is_taken_in_as_interrupted(folder, elsewhere):
    path = folder / FILE
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    import_folder(elsewhere, folder)
    run = find_run(elsewhere, "aaaaaa")
    assert (run.outcome, run.best.epoch, run.last.epoch, run.seconds) == (
        "interrupted",
        3,
        3,
        pytest.approx(0.3),
    )
    assert find_runs(elsewhere, "val_loss<1").total == 1
    assert [event.event for event in replay("aaaaaa", elsewhere)][-1] == "run_finished"


def test_a_store_that_was_lost_is_made_anew_from_its_folders(folder, store, home):
    store.close()
    (home / "lab.db").unlink()
    anew = Store(home)
    assert import_folder(anew, home / "runs" / "aaaaaa") == "aaaaaa"
    assert (home / "runs" / "aaaaaa" / FILE).exists()
    assert find_run(anew, "aaaaaa").tags == ("paper",)
    anew.close()


def test_a_deleted_run_gives_way_to_its_import(folder, store):
    edit.delete(store, ["aaaaaa"])
    assert import_folder(store, folder) == "aaaaaa"
    assert find_run(store, "aaaaaa").name == "the good one"


def test_what_cannot_be_copied_leaves_nothing_behind(folder, elsewhere, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", fail)
    with pytest.raises(NormlabError, match="No space left"):
        import_folder(elsewhere, folder)
    assert list(elsewhere.runs.iterdir()) == []


def test_a_number_that_no_store_holds_is_said(folder, elsewhere):
    spoil(folder, 4, {"step": 10**30})
    with pytest.raises(NormlabError, match="too large"):
        import_folder(elsewhere, folder)
    assert find_runs(elsewhere).total == 0


def test_a_run_that_was_extended_comes_with_its_new_length(store, elsewhere, tmp_path):
    list(record(told(epochs=3), store))
    list(record(told(epochs=6, first=4), store))
    import_folder(elsewhere, shutil.copytree(store.runs / "aaaaaa", tmp_path / "copied"))
    run = find_run(elsewhere, "aaaaaa")
    assert run.experiment.training.epochs == 6
    assert (run.epoch, run.num_steps, run.outcome) == (6, 120, "completed")
    assert find_runs(elsewhere, "epochs=6").total == 1
