"""Runs of a moment, trained in earnest: a small net on 120 points."""

from normlab.engine.events import Measured
from normlab.engine.loop import run
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

TINY = {
    "dataset.kind": "circles",
    "dataset.samples": 120,
    "model.hidden": [8, 8],
    "training.epochs": 3,
    "training.batch_size": 16,
}


def experiment(settings=None):
    return change(Experiment(), {**TINY, **(settings or {})})


def events_of(settings=None, **how):
    return list(run(experiment(settings), device="cpu", **how))


def measured(events):
    return [event for event in events if isinstance(event, Measured)]
