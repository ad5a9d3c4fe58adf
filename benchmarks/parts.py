"""Where the time of a training of ours goes: products of matrices, norms, update, evaluation, and the rest.

    python benchmarks/parts.py [--repeats 5]

Time of a run on one thread, between the same moments as in benchmarks/train.py; the least of all
repeats for each part, as whatever else the machine does adds to it. The watches take some percent themselves.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from functools import wraps
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import ours
import torch
from workloads import workloads

from normlab.engine.stepper import Stepper
from normlab.engine.trainer import Trainer
from normlab.engine.turns import Taker
from normlab.stacked.activations import ACTIVATIONS
from normlab.stacked.linear import Linear
from normlab.stacked.losses import LOSSES
from normlab.stacked.norms import NORMS

WATCHED = {
    "products": [(Linear, "forward"), (Linear, "backward"), (Linear, "fill")],
    "norms": [(kind, name) for kind in NORMS for name in ("forward", "backward")],
    "activations": [(kind, name) for kind in ACTIVATIONS for name in ("forward", "backward")],
    "losses": [(kind, "gradient") for kind in LOSSES.values()],
    "update": [(Stepper, "update")],
    "evaluation": [(Taker, "_validate"), (Trainer, "measure")],
}
"""What is timed, by name; the products of evaluations count as evaluation."""
WORKS = (("circles", 1), ("digits", 1), ("digits", 8), ("wide", 1), ("wide", 4))


class Watch:
    """Adds up the seconds of each part; what is called within a part is that part's."""

    def __init__(self):
        self.seconds, self._inside = Counter(), False

    def watched(self, part, call):
        @wraps(call)
        def timed(*arguments):
            if self._inside:
                return call(*arguments)
            self._inside, began = True, time.perf_counter()
            try:
                return call(*arguments)
            finally:
                self.seconds[part] += time.perf_counter() - began
                self._inside = False

        return timed

    def patch(self):
        for part, calls in WATCHED.items():
            for kind, name in calls:
                setattr(kind, name, self.watched(part, getattr(kind, name)))


def measure(watch, work, size, repeats):
    """Give the seconds of each part of a run, and how many steps it has."""
    train = ours.in_cohorts_of(size) if size > 1 else ours.alone
    train(work)
    least = {}
    for _ in range(repeats):
        watch.seconds.clear()
        whole, _ = train(work)
        parts = {part: seconds / size for part, seconds in watch.seconds.items()}
        parts |= {"the rest": whole - sum(parts.values()), "whole": whole}
        least = {part: min(seconds, least.get(part, seconds)) for part, seconds in parts.items()}
    return least


def main():
    """Print a line for each workload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    watch = Watch()
    watch.patch()
    columns = [*WATCHED, "the rest", "whole"]
    print(f"torch {torch.__version__}, one thread, milliseconds a run")
    print(f"{'':18}", *(f"{name:>11}" for name in columns))
    with tempfile.TemporaryDirectory() as folder:
        works = workloads(Path(folder))
        for name, size in WORKS:
            for work in works[name]:
                found = measure(watch, work, size, asked.repeats)
                norm = "" if work.norm == "none" else f" {work.norm}"
                label = f"{name}{norm}, {size}"
                print(f"{label:18}", *(f"{1e3 * found.get(part, 0.0):11.1f}" for part in columns))


if __name__ == "__main__":
    main()
