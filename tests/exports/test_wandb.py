import json
import math
import os
import threading

import pytest

from normlab.exports.formats import FORMATS
from normlab.exports.wandb import fill_wandb, refuse_cut

pytestmark = [
    pytest.mark.skipif(FORMATS["wandb"].missing, reason="needs normlab[wandb]"),
    pytest.mark.slow,  # a process of its own starts and ends
]

BLOCK, HEAD = 32_768, 7


def records(folder):
    """Read a .wandb file with its own messages; the framing is LevelDB's log, behind seven bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("*.wandb")
    raw, place, pieces, found = path.read_bytes(), 7, b"", []
    assert raw[:4] == b":W&B"
    while place + HEAD <= len(raw):
        if BLOCK - place % BLOCK < HEAD:
            place += BLOCK - place % BLOCK
            continue
        length, kind = int.from_bytes(raw[place + 4 : place + 6], "little"), raw[place + 6]
        pieces += raw[place + HEAD : place + HEAD + length]
        place += HEAD + length
        if kind in (1, 4):  # a whole record, or the last piece of one
            found.append(Record.FromString(pieces))
            pieces = b""
    return found


def history(folder):
    return [
        {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
        for record in records(folder)
        if record.HasField("history")
    ]


def run(folder):
    return next(record.run for record in records(folder) if record.HasField("run"))


def folders(place):
    return {path.name.rpartition("-")[2]: path for path in place.iterdir()}


def test_runs_come_back_with_settings_and_metrics(tmp_path, pair, offline, capfd):
    before, threads = dict(os.environ), threading.active_count()
    fill_wandb(pair, tmp_path)
    assert dict(os.environ) == before
    assert threading.active_count() == threads
    assert capfd.readouterr() == ("", "")
    made = folders(tmp_path)
    assert {*made} == {"aaa111", "bbb222"}
    for exhibit in pair:
        folder = made[exhibit.run.id]
        assert [path.suffix for path in folder.iterdir()] == [".wandb"]
        told = {item.key or ".".join(item.nested_key): item.value_json for item in run(folder).config.update}
        assert json.loads(told["optimizer.lr"]) == exhibit.history.experiment.optimizer.lr
        assert run(folder).display_name == exhibit.label
        rows = history(folder)
        assert [(row["_step"], row["val_loss"]) for row in rows] == [
            (point.step, point.metrics["val_loss"]) for point in exhibit.history.points
        ]
        assert rows[0]["_timestamp"] == exhibit.run.created + rows[0]["seconds"]


def test_folders_have_the_same_names_each_time(tmp_path, scripted):
    fill_wandb([scripted([1.0])], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["offline-run-20231114_221320-ccc333"]


@pytest.mark.parametrize("outcome", ["completed", None, "interrupted", "failed"])
def test_only_a_run_that_ended_well_exits_with_0(tmp_path, scripted, outcome):
    fill_wandb([scripted([1.0], outcome=outcome)], tmp_path)
    (exit,) = (r.exit for r in records(folders(tmp_path)["ccc333"]) if r.HasField("exit"))
    assert exit.exit_code == (outcome != "completed")


def test_a_file_whose_end_is_missing_is_no_export(tmp_path, scripted):
    fill_wandb([scripted([1 / (1 + epoch) for epoch in range(300)])], tmp_path)
    (file,) = tmp_path.rglob("*.wandb")
    refuse_cut(file)
    raw = file.read_bytes()
    for length in (0, 7, 1000, BLOCK, len(raw) - 20, len(raw) - 1):
        file.write_bytes(raw[:length])
        with pytest.raises(OSError, match="its end is missing"):
            refuse_cut(file)


def test_tags_notes_and_odd_numbers_come_back(tmp_path, odd):
    fill_wandb([odd], tmp_path)
    folder = folders(tmp_path)["ccc333"]
    assert run(folder).tags == [odd.run.tags[0][:64]]
    told = "".join(map(str, records(folder)))
    assert "u001b" not in told
    assert "\\033" not in told
    values = [row["val_loss"] for row in history(folder)]
    assert values[:3] == [0.5, math.inf, -math.inf]
    assert math.isnan(values[3])


def test_somebodys_settings_change_nothing(tmp_path, scripted, monkeypatch, offline):
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "theirs"))
    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    fill_wandb([scripted([1.0])], tmp_path)
    assert os.environ["WANDB_MODE"] == "online"
    assert not (tmp_path / "theirs").exists()
    assert run(folders(tmp_path)["ccc333"]).project == "normlab"
