"""Every shipped preset trains: each of its arms takes a few steps."""

import pytest

from normlab.components.datasets import Dataset
from normlab.core import places
from normlab.core.choice import members
from normlab.engine.loop import run
from normlab.lab.presets import load_preset
from normlab.lab.settings import change

PRESETS = sorted(path.stem for path in places.shipped_presets().glob("*.toml"))


@pytest.mark.parametrize("name", PRESETS)
def test_every_arm_of_a_shipped_preset_trains(name):
    for arm, experiment in load_preset(name).experiments.items():
        settings = {"training.steps": 3, "training.evaluate_every": 1}
        if members(Dataset)[experiment.dataset.kind].fetch is not Dataset.fetch:
            settings["dataset.kind"] = "digits"  # what is downloaded is tested with its loaders
            settings["dataset.samples"] = None
        events = list(run(change(experiment, settings), device="cpu", arm=arm))
        assert events[-1].outcome in ("completed", "diverged"), arm
        assert events[-1].last.step >= 1


def test_a1_starts_at_the_loss_of_a_guess():
    experiment = change(load_preset("a1-random-labels").experiment, {"training.steps": 1})
    finished = list(run(experiment, device="cpu"))[-1]
    assert finished.last.metrics["train_loss"] == pytest.approx(0.693, abs=0.03)
    assert "val_loss" not in finished.last.metrics


@pytest.mark.slow
def test_c1_learns_its_batch_by_heart():
    finished = list(run(load_preset("c1-one-batch").experiment, device="cpu"))[-1]
    assert finished.last.metrics["train_loss"] < 0.01
    assert finished.last.metrics["train_accuracy"] == 1.0


@pytest.mark.slow
def test_d1_parts_its_circles():
    finished = list(run(load_preset("d1-circles").experiments["batch norm"], device="cpu"))[-1]
    assert finished.best.metrics["val_accuracy"] > 0.98
