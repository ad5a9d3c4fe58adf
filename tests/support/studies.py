"""Studies that are never trained: their runs are scripts, recorded into the store of the test's own home."""

import time
from contextlib import closing
from types import SimpleNamespace

from normlab.engine.events import RunFinished
from normlab.engine.ids import new_run_id
from normlab.lab.presets import parse_preset
from normlab.store.record import record
from normlab.tui.app import LabApp
from normlab.tui.preferences import Preferences
from normlab.tui.study_training import Scale
from support.script import script

PLAN = """
title = "Which norm?"
[experiment]
[experiment.training]
epochs = {epochs}
[[arms]]
name = "batch norm"
set = {{ "model.norm.kind" = "batch" }}
[[arms]]
name = "layer norm, and a rate"
set = {{ "model.norm.kind" = "layer", "optimizer.lr" = 0.01 }}
[study]
seeds = {seeds}
[[claims]]
text = "Batch norm ends at a lower validation loss"
arm = "batch norm"
metric = "val_loss"
direction = "lower"
margin = 0.1
"""


def study(seeds=6, epochs=6, more=""):
    """A study of three arms, one of them confounded, with a claim."""
    return parse_preset(PLAN.format(seeds=seeds, epochs=epochs) + more, "test")


class Scripted:
    """Runs a study by scripts, one run after the other; it can be held before a run, and let some diverge."""

    def __init__(self, diverges=(), seconds_each=0.0, holds_at=None):
        self.diverges, self.seconds_each, self.holds_at = set(diverges), seconds_each, holds_at
        self.jobs, self.begun = None, []

    def execute(self, slots, store, *, device, jobs, control):
        self.jobs = jobs
        for slot in slots:
            while self.holds_at is not None and len(self.begun) >= self.holds_at and control.outcome is None:
                time.sleep(0.005)
            if control.outcome is not None:
                return
            if slot.is_done or slot.is_under_way:
                continue
            place = slot.cell.name, slot.seed
            self.begun.append(place)
            history = SimpleNamespace(arm=slot.cell.name)
            run = SimpleNamespace(
                id=new_run_id(), experiment=slot.experiment, control=control, history=history
            )
            events = script(run, seconds_each=self.seconds_each)
            if place in self.diverges:
                events = _diverged(events)
            with closing(record(events, store, control=control)) as kept:
                for event in kept:
                    yield slot, event

    def scale(self):
        return Scale(self.execute, lambda slots, device: None)


def _diverged(events):
    for event in events:
        if isinstance(event, RunFinished):
            event = event.model_copy(update={"outcome": "diverged", "reason": "the loss is nan"})
        yield event


def study_lab(preset=None, scripted=None, **options):
    """The app with a study on the desk, on the CPU."""
    return LabApp(
        preset or study(),
        Preferences(**options),
        device="cpu",
        start=script,
        scale=(scripted or Scripted()).scale(),
    )
