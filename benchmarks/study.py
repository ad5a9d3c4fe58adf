"""A study in two worker processes against one process, as a ratio of times taken in alternation.

Two arms of six seeds, some seconds each: time goes from the call to the last event, workers' start included,
and without it from the first event.

    python benchmarks/study.py [--pairs 3] [--epochs 60]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from normlab.core.parsing import parse
from normlab.lab.presets import Preset
from normlab.scale.execute import execute
from normlab.store.planning import plan_study
from normlab.store.slots import slots
from normlab.store.store import Store


def study(epochs):
    """Twelve runs on digits: the baseline and batch norm, six seeds each."""
    tree = {"title": "Digits", "experiment": {"training": {"epochs": epochs}}, "study": {"seeds": 6}}
    tree["arms"] = [{"name": "batch norm", "set": {"model.norm.kind": "batch"}}]
    return plan_study(parse(Preset, tree), "cpu")


def seconds(plan, jobs):
    """Train it anew: the time in all, and from when training began."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        called, began = time.perf_counter(), None
        for _, event in execute(slots(store, plan), store, device="cpu", jobs=jobs):
            if began is None and event.event == "run_started":
                began = time.perf_counter()
        ended = time.perf_counter()
        store.close()
    return ended - called, ended - began


def main():
    """Print a line for each way to time it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=60)
    asked = parser.parse_args()
    plan = study(asked.epochs)
    times = {1: [], 2: []}
    seconds(study(1), 1)  # what a process's first run imports
    for _ in range(asked.pairs):
        for jobs, found in times.items():
            found.append(seconds(plan, jobs))
    print(f"12 runs of {asked.epochs} epochs on digits, {asked.pairs} pairs after one warm-up")
    for name, which in (("in all", 0), ("trained", 1)):
        one, two = ([each[which] for each in times[jobs]] for jobs in (1, 2))
        ratios = [b / a for a, b in zip(one, two, strict=True)]
        print(
            f"{name:8} --jobs 1 {statistics.median(one):.2f} s, --jobs 2 {statistics.median(two):.2f} s, "
            f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        )


if __name__ == "__main__":
    main()
