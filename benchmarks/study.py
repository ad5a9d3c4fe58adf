"""A study of short runs, recorded, beside the same nets trained one after the other by hand.

    python benchmarks/study.py [--pairs 5] [--epochs 10] [--seeds 8]

Digits without norm, with batch norm and with layer norm, several seeds each: wall time, taken in alternation.
"Whole" goes from the call to the last event, with the start of worker processes and what they import;
"trained" from the first run's start. Recording is measured on a cohort with and without it.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import hand
import torch
from workloads import NORMS, Work

from normlab.core import places
from normlab.core.parsing import parse
from normlab.engine.data import load
from normlab.engine.ids import new_run_id
from normlab.engine.loop import run_cohort
from normlab.engine.request import Request
from normlab.lab.presets import Preset
from normlab.lab.settings import change
from normlab.scale.execute import execute
from normlab.store.planning import plan_study
from normlab.store.record import record_cohort
from normlab.store.recorder import Recorder
from normlab.store.slots import slots
from normlab.store.store import Store

BAR, RECORDING_BAR = 4, 1.05


def preset(epochs, seeds):
    """The baseline and two arms."""
    arms = [{"name": norm, "set": {"model.norm.kind": norm}} for norm in NORMS if norm != "none"]
    tree = {"title": "Digits", "experiment": {"training": {"epochs": epochs}}, "study": {"seeds": seeds}}
    return parse(Preset, {**tree, "arms": arms})


def by_hand(works, seeds):
    """Train each net by hand, on one thread."""
    began = time.perf_counter()
    for work in works:
        for _ in range(seeds):
            hand.train(work)
    return time.perf_counter() - began


def study(wanted, jobs):
    """Train the study anew: the time in all, and from when training began."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        plan = plan_study(wanted, "cpu")
        called, began = time.perf_counter(), None
        for _, event in execute(slots(store, plan), store, device="cpu", jobs=jobs):
            if began is None and event.event == "run_started":
                began = time.perf_counter()
        ended = time.perf_counter()
        store.close()
    return ended - called, ended - began


def cohort(experiments, how):
    """Train a cohort: plain; its rows kept; or its weights and states saved too, as a study's are."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        names = [new_run_id() for _ in experiments]
        requests = [
            Request(each, run_id=name, folder=store.folder(name) if how == "saved" else None)
            for each, name in zip(experiments, names, strict=True)
        ]
        began = time.perf_counter()
        events = run_cohort(requests, device="cpu", num_threads=1)
        if how != "plain":
            recorders = {each.run_id: Recorder(store, each.control) for each in requests}
            events = record_cohort(events, recorders)
        for _ in events:
            pass
        seconds = time.perf_counter() - began
        store.close()
    return seconds


def show(seconds):
    return f"{statistics.median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def against_hand(wanted, works, seeds, pairs):
    """Print what the study takes with one job and two, and by hand."""
    hands, studies = [], {1: [], 2: []}
    for pair in range(pairs + 1):
        taken = by_hand(works, seeds), study(wanted, 1), study(wanted, 2)
        if pair:
            hands.append(taken[0])
            studies[1].append(taken[1])
            studies[2].append(taken[2])
    print(f"{len(works) * seeds} runs, {pairs} alternations after a warm-up")
    print(f"  by hand, one after the other {show(hands)}")
    for jobs, measured in studies.items():
        for which, name in enumerate(("whole", "trained")):
            seconds = [each[which] for each in measured]
            ratio = statistics.median(hands) / statistics.median(seconds)
            line = f"  --jobs {jobs}, recorded, {name:8} {show(seconds)}, {ratio:.2f} x as fast as by hand"
            if jobs == 2:
                line += f"; bar {BAR}: {'met' if ratio >= BAR else 'NOT met'}"
            print(line)


def recording(experiment, size, pairs):
    """Print what recording adds to a cohort."""
    experiments = [change(experiment, {"seed": seed}) for seed in range(size)]
    taken = {"plain": [], "kept": [], "saved": []}
    for pair in range(pairs + 1):
        for how, seconds in taken.items():
            measured = cohort(experiments, how)
            if pair:
                seconds.append(measured)
    print(f"a cohort of {size}: {show(taken['plain'])} without a store")
    for how, what in (("kept", "its rows recorded"), ("saved", "weights and states saved too")):
        ratio = statistics.median(taken[how]) / statistics.median(taken["plain"])
        met = "met" if ratio <= RECORDING_BAR else "NOT met"
        print(f"  {what:28} {show(taken[how])}, {ratio:.3f} x; bar {RECORDING_BAR}: {met}")


def main():
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=8)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    wanted, cpu = preset(asked.epochs, asked.seeds), torch.device("cpu")
    works = [Work(each, load(each, places.data(), cpu)) for each in wanted.experiments.values()]
    against_hand(wanted, works, asked.seeds, asked.pairs)
    recording(works[0].experiment, asked.seeds, 3 * asked.pairs)


if __name__ == "__main__":
    main()
