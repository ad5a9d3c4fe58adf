"""A small study, and what its runs have left: two arms, each with randomness and state of its own."""

import os
import signal

import psutil

from normlab.core.parsing import parse
from normlab.engine.sealed import unseal
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.settings import change, to_tree
from normlab.store.planning import plan_study
from normlab.store.replay import replay
from normlab.store.slots import slots
from support.runs import TINY

TIMES = ("seconds", "samples_per_second")
BATCH_NORM = {"model.norm.kind": "batch", "model.dropout.kind": "dropout", "model.dropout.p": 0.3}
BROKEN = {"dataset.kind": "file", "dataset.path": "/nowhere/at/all.csv", "dataset.target": "y"}


def study(seeds=2, arms=None, **settings):
    """Plan a study of the baseline and, by default, batch norm with dropout."""
    experiment = change(Experiment(), {**TINY, **settings})
    arms = {"batch norm": BATCH_NORM} if arms is None else arms
    tree = {"title": "Small", "experiment": to_tree(experiment), "study": {"seeds": seeds}}
    tree["arms"] = [{"name": name, "set": changed} for name, changed in arms.items()]
    return plan_study(parse(Preset, tree), "cpu")


def slots_of(study, store):
    return list(slots(store, study))


def left_by(study, store):
    """Give what each run has left, by arm and seed: its outcome, its points but for times, its weights."""
    found = {}
    for slot in slots(store, study):
        points = [
            (event.epoch, event.step, {k: v for k, v in event.metrics.items() if k not in TIMES})
            for event in replay(slot.run.id, store)
            if event.event == "measured"
        ]
        weights = {
            f"{name}: {key}": tensor.tolist()
            for name in ("best", "last")
            for key, tensor in unseal(slot.run.folder / f"{name}.safetensors")[0].items()
        }
        found[slot.cell.name, slot.seed] = (slot.run.outcome, points, weights)
    return found


def ends(told):
    """Give how each run ended, by arm and seed, as it was told."""
    return {(slot.cell.name, slot.seed): event for slot, event in told if event.event == "run_finished"}


def workers(parent=None):
    """List the worker processes of this process, or of another."""
    found = psutil.Process(parent).children(recursive=True)
    return [each.pid for each in found if any("worker" in word for word in _words(each)[1:])]


def is_alive(pid):
    """Tell whether a process runs; one that has ended may wait for somebody to notice."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _words(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def send(pids, *names):
    for pid in pids:
        for name in names:
            os.kill(pid, getattr(signal, name))
