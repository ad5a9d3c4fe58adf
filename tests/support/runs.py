"""Runs of a moment, trained in earnest: a small net on 120 points."""

from normlab.engine.events import Measured
from normlab.engine.loop import run
from normlab.engine.turns import Taker
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


def spy(monkeypatch, before=None, after=None):
    """Show each turn of every run before it is taken, or after."""
    take = Taker.take

    def seen(self, turns):
        for turn in turns if before else []:
            before(turn)
        take(self, turns)
        for turn in turns if after else []:
            after(turn)

    monkeypatch.setattr(Taker, "take", seen)
