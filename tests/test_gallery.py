import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.script import script

from normlab.core import places
from normlab.engine.control import Control
from normlab.engine.events import RunFinished
from normlab.store.planning import plan_study
from normlab.store.record import record
from normlab.store.slots import slots
from normlab.store.store import open_store

ROOT = Path(__file__).parent.parent
STUDY = """
title = "TITLE"
[experiment.dataset]
kind = "circles"
[experiment.training]
epochs = 3
[[arms]]
name = "batch norm"
set = { "model.norm.kind" = "batch" }
[study]
seeds = 6
[[claims]]
text = "Batch norm ends at a lower loss"
arm = "batch norm"
metric = "val_loss"
direction = "lower"
margin = 0.1
[[claims]]
text = "Batch norm ends at a | higher loss"
arm = "batch norm"
metric = "val_loss"
direction = "higher"
"""


@pytest.fixture
def gallery():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "gallery.py")))


@pytest.fixture
def presets(tmp_path, gallery):
    """Four presets, of which two make claims about runs of a moment."""
    for name, text in {
        "l10-second": STUDY.replace("TITLE", "Second"),
        "l2-first": STUDY.replace("TITLE", "First")
        .replace("seeds = 6", "seeds = 7")
        .replace("epochs = 3", "epochs = 4"),
        "digits": STUDY.partition("[study]")[0],
        "a3-mnist": STUDY.replace('"circles"', '"mnist"'),
    }.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return gallery.found_presets(tmp_path)


def keep(preset, seeds=None):
    """Record scripted runs for a preset's slots."""
    store = open_store()
    for slot in list(slots(store, plan_study(preset, "cpu"))):
        if seeds is None or slot.seed in seeds:
            run = SimpleNamespace(
                id=f"r{slot.fingerprint[:8]}", experiment=slot.experiment, control=Control(),
                history=SimpleNamespace(arm=slot.cell.name),
            )  # fmt: skip
            for event in record(script(run), store):
                done = isinstance(event, RunFinished)
            assert done


def test_every_claim_is_in_the_gallery_whatever_its_verdict(presets, gallery):
    keep(presets["l2-first"])
    text = gallery.text(presets, open_store())
    rows = [line for line in text.splitlines() if line.startswith("| [l2-first](l2-first.toml)")]
    assert len(rows) == 2
    assert "| lower by 10 % or more | supported |" in rows[0]
    assert "| higher | refuted: reversed |" in rows[1]
    assert rows[0].count(" (95 %) |") == 1
    assert "2 claims: 1 refuted: reversed, 1 supported." in text
    assert "a \\| higher loss" in rows[1]
    assert "On circles, 7 seeds" in text
    assert "scikit-learn" in text
    assert str(places.home()) not in text


def test_what_was_not_run_says_why(presets, gallery):
    keep(presets["l2-first"], seeds=[0])
    text = gallery.text(presets, open_store())
    for line in ("- [a3-mnist](a3-mnist.toml) needs a download", "- [digits](digits.toml) makes no claim",
                 "- [l10-second](l10-second.toml) was not run"):  # fmt: skip
        assert line in text
    assert "12 of 14 runs are still to be made" in text
    assert text.count("| undecided |") == 2


def test_presets_stand_in_the_order_of_their_ids(presets, gallery):
    assert list(presets) == ["a3-mnist", "l2-first", "l10-second", "digits"]


def test_kept_runs_give_the_same_gallery_each_time(presets, gallery):
    keep(presets["l10-second"])
    assert gallery.text(presets, open_store()) == gallery.text(presets, open_store())
    assert gallery.text(presets, open_store()).count("| --- ") == 4


def test_an_empty_home_makes_a_gallery_too(presets, gallery):
    assert gallery.text(presets, open_store()).startswith("# Results")


def test_only_what_is_asked_for_is_trained(presets, gallery, tmp_path, monkeypatch):
    trained = []
    known = gallery.main.__globals__
    monkeypatch.setitem(known, "PRESETS", tmp_path)
    monkeypatch.setitem(known, "TARGET", tmp_path / "RESULTS.md")
    monkeypatch.setitem(known, "train", lambda name, jobs: trained.append(name))
    gallery.main(["--only", "l10-second", "a3-mnist"])
    gallery.main(["--write"])
    assert trained == ["l10-second"]
    gallery.main([])
    assert trained == ["l10-second", "l2-first", "l10-second"]
    with pytest.raises(SystemExit, match="2"):
        gallery.main(["--only", "nonsense"])
    assert (tmp_path / "RESULTS.md").read_text().startswith("# Results")


def test_a_child_that_is_killed_or_breaks_stops_the_gallery_and_nothing_is_written(
    presets, gallery, tmp_path, monkeypatch
):
    def child(ends):
        def run(command, **options):
            return real([sys.executable, "-c", f"import os, signal, sys; {ends}"], **options)

        return run

    real, known = subprocess.run, gallery.main.__globals__
    monkeypatch.setitem(known, "PRESETS", tmp_path)
    monkeypatch.setitem(known, "TARGET", tmp_path / "RESULTS.md")
    for ends, told in (
        ("os.kill(os.getpid(), signal.SIGKILL)", "l2-first: was killed by SIGKILL"),
        ("sys.exit(2)", "l2-first: ended with 2"),
        ("raise NameError", "l2-first: ended with 1 before its runs were made"),
    ):
        monkeypatch.setattr(subprocess, "run", child(ends))
        with pytest.raises(SystemExit, match=told):
            gallery.main([])
        assert not (tmp_path / "RESULTS.md").exists()
    keep(presets["l2-first"])
    keep(presets["l10-second"])
    monkeypatch.setattr(subprocess, "run", child("sys.exit(1)"))
    gallery.main([])
    assert (tmp_path / "RESULTS.md").exists()


def test_weights_are_dropped_of_ended_runs_in_the_gallerys_own_home_alone(presets, gallery, monkeypatch):
    preset = presets["l2-first"]
    keep(preset, seeds=[0, 1])
    runs = [
        slot.run for slot in slots(open_store(), plan_study(preset, "cpu", store=open_store())) if slot.run
    ]
    for run in runs:
        run.folder.mkdir(parents=True, exist_ok=True)
        (run.folder / "best.safetensors").write_bytes(b"weights")
        (run.folder / "run.jsonl").touch()
    stray = runs[0].folder.parent / "stray" / "last.safetensors"
    stray.parent.mkdir()
    stray.write_bytes(b"weights")

    def left():
        return [path for run in runs for path in run.folder.glob("*.safetensors")]

    monkeypatch.setenv("NORMLAB_HOME", str(places.home()))
    gallery.drop_weights(preset)
    assert len(left()) == 4
    monkeypatch.setitem(gallery.main.__globals__, "OWN_HOME", places.home())
    gallery.drop_weights(preset)
    assert left() == []
    assert stray.exists()
    assert all((run.folder / "run.jsonl").exists() for run in runs)


def test_presets_that_take_long_are_named(presets, gallery, tmp_path, monkeypatch, capsys):
    keep(presets["l2-first"])
    known = gallery.main.__globals__
    monkeypatch.setitem(known, "PRESETS", tmp_path)
    monkeypatch.setitem(known, "TARGET", tmp_path / "RESULTS.md")
    gallery.main(["--write"])
    assert "over" not in capsys.readouterr().err
    monkeypatch.setitem(known, "LIMIT", 0)
    gallery.main(["--write"])
    assert re.search(r"^l2-first: .* over .* with two jobs", capsys.readouterr().err)


@pytest.mark.skipif(not (ROOT / "presets" / "RESULTS.md").exists(), reason="the gallery was never made")
def test_results_are_those_of_what_the_presets_claim(gallery):
    """Somebody who changes a claim after its runs has to make the gallery again."""
    text = (ROOT / "presets" / "RESULTS.md").read_text()
    lines = [re.split(r"(?<!\\)\|", line)[1:4] for line in text.splitlines() if line.startswith("| [")]
    told = [tuple(cell.strip() for cell in row) for row in lines]
    assert told
    presets = gallery.found_presets(gallery.PRESETS)
    assert told == [row for name, preset in presets.items() for row in claims(gallery, name, preset)]


def claims(gallery, name, preset):
    known = gallery.main.__globals__
    for claim in preset.claims if gallery.obstacle(preset) is None else ():
        words = known["inline"](known["plain"](claim.text), in_table=True)
        yield f"[{name}]({name}.toml)", words, known["claimed"](claim)
