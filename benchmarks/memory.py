"""Peak memory of a cohort of eight digits runs beside that of one loop by hand, each in a process of its own.

    python benchmarks/memory.py [--runs 3]

The process that trains by hand imports torch and NumPy alone, and holds the same data.
"""

import argparse
import resource
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

BAR, SIZE = 1.2, 8


def by_hand():
    """Train digits once: 64-128-128-10, batches of 64, Adam, 10 epochs."""
    import numpy as np
    import torch
    from hand import loop

    folder = Path(find_spec("sklearn").origin).parent  # scikit-learn itself would take 80 MiB
    table = np.loadtxt(folder / "datasets" / "data" / "digits.csv.gz", np.float32, delimiter=",")
    order = np.random.default_rng(0).permutation(len(table))
    rows, held_out = order[:1257], order[1257:]
    x, y = table[:, :-1], table[:, -1].astype(np.int64)
    x = (x - x[rows].mean(0)) / (x[rows].std(0) + 1e-6)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    data = SimpleNamespace(train_x=x[rows], train_y=y[rows], val_x=x[held_out], val_y=y[held_out])
    nn = torch.nn
    layers = (nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    module = nn.Sequential(*layers)
    torch.set_num_threads(1)
    loop(module, torch.optim.Adam(module.parameters(), lr=1e-3, fused=True), data, 10, 64)


def cohort():
    """Train eight of ours together."""
    from normlab import Experiment, change
    from normlab.engine.loop import run_cohort
    from normlab.engine.request import Request

    requests = [Request(change(Experiment(), {"seed": seed})) for seed in range(SIZE)]
    for _ in run_cohort(requests, device="cpu", num_threads=1):
        pass


TRAINS = {"by hand": by_hand, f"cohort of {SIZE}": cohort}


def peak_mib(name):
    """Train in a new process, and give its peak of resident memory."""
    command = [sys.executable, __file__, "--train", name]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main():
    """Print both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--train", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.train:
        TRAINS[asked.train]()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(peak / (2**20 if sys.platform == "darwin" else 2**10))
        return
    peaks = {name: statistics.median(peak_mib(name) for _ in range(asked.runs)) for name in TRAINS}
    hand, ours = peaks.values()
    for name, peak in peaks.items():
        print(f"{name:12} {peak:6.0f} MiB at its peak")
    print(f"{ours / hand:.2f} x; bar {BAR}: {'met' if ours <= BAR * hand else 'NOT met'}")


if __name__ == "__main__":
    main()
