"""What the store costs: recording beside training, and finding among 10,000 runs with 2 million points.

    python benchmarks/store.py [--runs 10000] [--points 200]

Recording is a median of ratios, taken in alternation in one process; queries are medians in milliseconds,
beside the bars that a screen sets.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from normlab.engine.events import Measured, Point, RunCreated, RunFinished, RunStarted
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.store import rows
from normlab.store.find import find_run, find_runs
from normlab.store.record import record
from normlab.store.replay import curve
from normlab.store.store import Store

PAIRS = 15
LINES = [
    ("first page", ""),
    ("norm=batch", "norm=batch"),
    ("model.norm.kind=layer", "model.norm.kind=layer"),
    ("lr>=0.01", "lr>=0.01"),
    ("val_accuracy>0.9", "val_accuracy>0.9"),
    ("outcome=diverged", "outcome=diverged"),
    ("tag:paper", "tag:paper"),
    ("date=today", "date=today"),
    ("seed=3", "seed=3"),
    ("three together", "norm=batch val_accuracy>0.9 tag:paper"),
    ("a word", "arm-77"),
]


def fill(store: Store, num_runs: int, num_points: int) -> str:
    """Write made-up runs, 500 to a transaction; the last one has 10,000 points. Give its id."""
    draw = random.Random(0)
    kinds = ["none", "batch", "layer", "rms"]
    experiments = [
        change(Experiment(), {"model.norm.kind": kind, "optimizer.lr": lr, "seed": seed})
        for kind in kinds
        for lr in (0.001, 0.01, 0.1)
        for seed in range(5)
    ]

    def write(connection, numbers):
        for number in numbers:
            experiment, run = experiments[number % len(experiments)], f"r{number:06d}"
            started = RunStarted(
                run=run, arm=f"arm-{number % 97}", seed=experiment.seed, experiment=experiment, device="cpu",
                num_threads=1, num_parameters=26_378, num_train=1258, num_val=539, steps_per_epoch=20,
                num_steps=20 * num_points,
            )  # fmt: skip
            created = RunCreated(run=run, arm=started.arm, experiment=experiment)
            row, _ = rows.insert_run(connection, created, None)
            rows.start_run(connection, row, started, {})
            rows.insert_event(connection, row, 0, 1, started)
            point = best = None
            for epoch in range(1, (10_000 if number == num_runs - 1 else num_points) + 1):
                loss = draw.random()
                metrics = {
                    "train_loss": loss, "val_loss": loss, "train_accuracy": 1 - loss / 3,
                    "val_accuracy": 1 - loss / 2, "lr": 0.001, "grad_norm": loss, "samples_per_second": 1e5,
                    "seconds": 0.01 * epoch,
                }  # fmt: skip
                point = Point.model_construct(epoch=epoch, step=20 * epoch, metrics=metrics)
                best = point if best is None or loss < best.metrics["val_loss"] else best
                event = Measured.model_construct(run=run, epoch=epoch, step=20 * epoch, metrics=metrics)
                rows.insert_point(connection, row, epoch + 1, event)
            outcome = "diverged" if number % 50 == 0 else "completed"
            finished = RunFinished(run=run, outcome=outcome, best=best, last=point, seconds=1.0)
            rows.finish_run(connection, row, finished, time.time())
            rows.insert_event(connection, row, 20 * num_points, num_points + 2, finished)
            if number % 10 == 0:
                connection.execute("INSERT INTO tags (tag, run) VALUES ('paper', ?)", (row,))

    for first in range(0, num_runs, 500):
        store.write(lambda c, first=first: write(c, range(first, min(first + 500, num_runs))))
    return f"r{num_runs - 1:06d}"


def milliseconds(work, times=15):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def queries(num_runs: int, num_points: int, home: Path) -> None:
    store = Store(home)
    began = time.perf_counter()
    long_run = fill(store, num_runs, num_points)
    size = store.path.stat().st_size / 2**20
    print(f"{num_runs:,} runs, {num_runs * num_points:,} points: {size:,.0f} MB, "
          f"written in {time.perf_counter() - began:.0f} s")  # fmt: skip
    store.close()
    began = time.perf_counter()
    store = Store(home)
    find_runs(store)
    print(f"  {'opened, first page, cold':32} {1000 * (time.perf_counter() - began):7.1f} ms   bar 50")
    for name, line in LINES:
        took = milliseconds(lambda line=line: find_runs(store, line))
        print(f"  {name:32} {took:7.1f} ms   bar 50   finds {find_runs(store, line).total:,}")
    for sort in ("val_accuracy", "-seconds", "optimizer.lr"):
        took = milliseconds(lambda sort=sort: find_runs(store, sort=sort))
        print(f"  {'sorted by ' + sort:32} {took:7.1f} ms   bar 50")
    took = milliseconds(lambda: find_runs(store, offset=num_runs - 150))
    print(f"  {'last page':32} {took:7.1f} ms   bar 50")
    took = milliseconds(lambda: curve(long_run, "val_loss", store))
    print(f"  {'a curve of 10,000 points':32} {took:7.1f} ms   bar 20")
    took = milliseconds(lambda: find_run(store, long_run))
    print(f"  {'one run by its id':32} {took:7.1f} ms")
    store.close()


def recording(home: Path) -> None:
    """Train the digits MLP with and without the store, in alternation."""
    from normlab.engine.loop import run

    store = Store(home)
    for name, settings in (("digits MLP, 10 epochs", {}), ("digits MLP, 50 epochs", {"training.epochs": 50})):
        experiment = change(Experiment(), settings)
        plain, kept, saved = [], [], []
        for pair in range(-2, PAIRS):
            times = []
            for how in ("plain", "kept", "saved"):
                folder = store.runs / f"p{pair + 2}{how}" if how == "saved" else None
                began = time.perf_counter()
                events = run(experiment, device="cpu", folder=folder)
                for _ in events if how == "plain" else record(events, store):
                    pass
                times.append(time.perf_counter() - began)
            if pair >= 0:
                for taken, seconds in zip((plain, kept, saved), times, strict=True):
                    taken.append(seconds)
        base = statistics.median(plain)
        rows_cost = statistics.median(k / p for k, p in zip(kept, plain, strict=True))
        files_cost = statistics.median(s / p for s, p in zip(saved, plain, strict=True))
        print(
            f"{name}: {base:.3f} s; recorded {rows_cost:.3f} x (bar 1.05); "
            f"with checkpoints {files_cost:.3f} x"
        )
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NORMLAB_HOME"] = folder
        recording(Path(folder) / "recording")
        queries(chosen.runs, chosen.points, Path(folder) / "queries")


if __name__ == "__main__":
    main()
