"""Runs of one shape trained together on a device, captured as CUDA graphs or not, beside a loop by hand.

    python benchmarks/device.py [--device cuda] [--sizes 1,8,64,256] [--pairs 3] [--epochs 10]

Digits without norm, with batch norm and with layer norm, of which the mean counts, in cohorts of each size:
wall seconds a run, from the start of training to the last measurement, in alternation. The loop trains one
net, on the same device; data is there before. Elsewhere than on CUDA nothing is captured.
"""

import argparse
import os
import statistics
import time
from contextlib import nullcontext
from itertools import count
from unittest.mock import patch

os.environ["OMP_NUM_THREADS"] = "1"

import hand
import torch
from workloads import NORMS, Work

from normlab.core import places
from normlab.engine.data import load
from normlab.engine.device import pick_device
from normlab.engine.loop import run_cohort
from normlab.engine.request import Request
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.stacked.captured import GRAPHS

SEEDS = count()
"""A new seed for each run, as the loop by hand draws anew each time."""


def works(epochs, device):
    """Make what is trained, its data on the device."""
    found = []
    for norm in NORMS:
        settings = {"training.epochs": epochs, "training.batch_size": 64, "model.norm.kind": norm}
        experiment = change(Experiment(), settings)
        found.append(Work(experiment, load(experiment, places.data(), device)))
    return found


def by_hand(work, device):
    """Train one net by hand: wall seconds, and the last metrics, which are numbers of the host's."""
    module = work.module().to(device)
    optimizer = work.torch_optimizer(module)
    began = time.perf_counter()
    metrics = hand.loop(module, optimizer, work.data, work.epochs, work.batch_size)
    return time.perf_counter() - began, metrics


def together(size, captured):
    """Make what trains a work with `size` seeds together, and gives its share of the wall seconds of each."""

    def train(work, device):
        requests = [Request(change(work.experiment, {"seed": next(SEEDS)})) for _ in range(size)]
        began = ended = 0.0
        metrics = {}
        with nullcontext() if captured else patch.dict(GRAPHS, clear=True):
            for event in run_cohort(requests, device=str(device), num_threads=1):
                if event.event == "run_started":
                    began = time.perf_counter()
                elif event.event == "measured":
                    ended, metrics = time.perf_counter(), event.metrics
                elif event.event == "warned" and "CUDA graph" in event.message:
                    print(event.message)
        return (ended - began) / size, metrics

    return train


def contestants(sizes, device):
    """Give what trains, by name."""
    found = {"by hand, one by one": by_hand}
    for size in sizes:
        if device.type in GRAPHS:
            found[f"{size} together, captured"] = together(size, captured=True)
        found[f"{size} together"] = together(size, captured=False)
    return found


def main():
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--sizes", default="1,8,64,256")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    device = pick_device(asked.device)
    name = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    print(f"torch {torch.__version__}, {device}{name}, {asked.pairs} alternations after a warm-up")
    trains = contestants([int(size) for size in asked.sizes.split(",")], device)
    seconds, right = ({who: [] for who in trains} for _ in range(2))
    digits = works(asked.epochs, device)
    for pair in range(asked.pairs + 1):
        for who, train in trains.items():
            measured = [train(work, device) for work in digits]
            if pair:
                seconds[who].append(statistics.mean(taken for taken, _ in measured))
                right[who].append(statistics.mean(float(last["val_accuracy"]) for _, last in measured))
    first = statistics.median(next(iter(seconds.values())))
    for who, taken in seconds.items():
        median = statistics.median(taken)
        print(
            f"  {who:22} {median:8.4f} s a run ({min(taken):.4f} to {max(taken):.4f}), "
            f"{first / median:6.2f} x as fast as by hand; val_accuracy {statistics.median(right[who]):.3f}"
        )


if __name__ == "__main__":
    main()
