import json
import math
import os
import threading

import pytest

from normlab.exports.formats import FORMATS
from normlab.exports.wandb import fill_wandb

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


def test_tags_notes_and_odd_numbers_come_back(tmp_path, odd):
    fill_wandb([odd], tmp_path)
    folder = folders(tmp_path)["ccc333"]
    assert run(folder).tags == [odd.run.tags[0][:64]]
    assert "\x1b" not in run(folder).notes
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
