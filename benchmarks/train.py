"""Training speed of ours, of a loop written by hand, and of other libraries: medians taken in alternation.

    python benchmarks/train.py [--pairs 7] [--only digits,wide] [--against hand,lightning,keras,skorch,fastai]

CPU seconds of a run on one thread: data in memory, nets and optimizers built before, from the first step (for
libraries: from the call of fit) to the last measurement. Everybody measures loss and accuracy of each epoch's
batches and of the validation data after it.
"""

import argparse
import gc
import os
import statistics
import tempfile
import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import hand
import ours
import torch
from workloads import workloads

PEERS = ("lightning", "keras", "skorch", "fastai")


@dataclass(frozen=True)
class Bar:
    """How many times as fast as another ours is to be."""

    workload: str
    ours: str
    other: str
    at_least: float


BARS = [
    Bar("circles", "ours", "by hand", 1.25),
    Bar("circles", "ours", "Lightning, tuned", 4),
    Bar("circles", "ours", "Lightning", 15),
    Bar("digits", "ours", "by hand", 1.5),
    Bar("digits", "ours, in eights", "by hand", 2.2),
    Bar("digits", "ours", "Lightning, tuned", 4),
    Bar("wide", "ours", "by hand", 1.45),
    Bar("wide", "ours, in fours", "by hand, four in a row", 1.7),
    Bar("wide", "ours", "Lightning, tuned", 3.5),
    Bar("wide", "ours", "Keras on torch", 7),
    Bar("cnn", "ours", "by hand", 1.3),
    Bar("cnn", "ours", "Lightning, tuned", 1.4),
]
TOGETHER = {
    "digits": {"ours, in eights": ours.in_cohorts_of(8)},
    "wide": {"ours, in fours": ours.in_cohorts_of(4), "by hand, four in a row": hand.in_a_row(4)},
}


def contestants(against):
    """Give what trains, by name; say what is not installed."""
    found = {"ours": ours.alone}
    if "hand" in against:
        found["by hand"] = hand.train
    for peer in PEERS:
        if peer in against:
            try:
                found |= import_module(f"peers.{peer}").TRAINS
            except ModuleNotFoundError as error:
                print(f"{peer} is left out: no {error.name}; python -m pip install 'normlab[bench]'")
    return found


def compare(name, works, trains, pairs):
    """Print a line for each contestant of a workload, and then its bars."""
    seconds = {who: [] for who in trains}
    metrics = {who: [] for who in trains}
    for pair in range(pairs + 1):
        for who, train in list(trains.items())[:: 1 if pair % 2 else -1]:  # nobody always comes first
            gc.collect()
            measured = [train(work) for work in works]
            if pair:
                seconds[who].append(statistics.mean(taken for taken, _ in measured))
                metrics[who].append(statistics.mean(float(last["val_accuracy"]) for _, last in measured))
    medians = {who: statistics.median(taken) for who, taken in seconds.items()}
    print(f"\n{name}")
    for who, taken in seconds.items():
        right = metrics[who]
        print(
            f"  {who:24} {medians[who]:7.3f} s ({min(taken):.3f} to {max(taken):.3f}), "
            f"{medians[who] / medians['ours']:6.2f} x ours; "
            f"val_accuracy {statistics.median(right):.3f} ({min(right):.3f} to {max(right):.3f})"
        )
    for bar in BARS:
        if bar.workload == name and bar.ours in medians and bar.other in medians:
            ratio = medians[bar.other] / medians[bar.ours]
            met = "met" if ratio >= bar.at_least else "NOT met"
            print(f"  {bar.ours}: {ratio:.2f} x as fast as {bar.other}; bar {bar.at_least:g}: {met}")


def main():
    """Print a table per workload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--only", default="circles,digits,wide,cnn")
    parser.add_argument("--against", default=",".join(("hand", *PEERS)))
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # of peers about each other and about torch
    trains = contestants(asked.against.split(","))
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one thread, {asked.pairs} alternations after a warm-up")
    with tempfile.TemporaryDirectory() as folder:
        works = workloads(Path(folder))
        gc.freeze()  # what the peers' imports have left would else be gone through in each collection
        for name in asked.only.split(","):
            compare(name, works[name], {**trains, **TOGETHER.get(name, {})}, asked.pairs)
        gc.unfreeze()  # else libraries complain at the end of what is still there


if __name__ == "__main__":
    main()
