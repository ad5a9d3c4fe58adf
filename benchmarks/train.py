"""Training speed against a loop written by hand, as a ratio of medians taken in alternation.

The hand loop holds its tensors in memory and does the same work: the same module, torch's optimizer at its
defaults, training loss and accuracy of each epoch, an evaluation of the validation set after it.

    python benchmarks/train.py [--pairs 9]
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import nn
from torch.nn import functional

from normlab import Experiment, change, load_preset, run

CPU = torch.device("cpu")


def hand_loop(module, optimizer, train_x, train_y, val_x, val_y, epochs, batch_size):
    """What one would write: a plain loop over batches, with losses summed on the device."""
    for _ in range(epochs):
        module.train()
        order = torch.randperm(len(train_x)) if batch_size < len(train_x) else None
        loss_sum = right = 0.0
        for start in range(0, len(train_x), batch_size):
            if order is None:
                x, y = train_x, train_y
            else:
                rows = order[start : start + batch_size]
                x, y = train_x[rows], train_y[rows]
            optimizer.zero_grad()
            output = module(x)
            loss = functional.cross_entropy(output, y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(y)
            right += (output.detach().argmax(1) == y).sum()
        module.eval()
        with torch.no_grad():
            output = module(val_x)
            metrics = {
                "train_loss": float(loss_sum / len(train_x)),
                "train_accuracy": float(right / len(train_x)),
                "val_loss": float(functional.cross_entropy(output, val_y)),
                "val_accuracy": float((output.argmax(1) == val_y).float().mean()),
            }
    return metrics


def circles(experiment, data):
    """D1 by hand: 2-64-32-2, full batch, SGD."""
    module = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    tensors = (data.train_x, data.train_y, data.val_x, data.val_y)
    return hand_loop(module, optimizer, *tensors, experiment.training.epochs, len(data.train_x))


def digits(experiment, data):
    """Digits by hand: 64-128-128-10, batches of 64, Adam."""
    flat = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())
    module = nn.Sequential(*flat, nn.Linear(128, 10))
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    tensors = (data.train_x, data.train_y, data.val_x, data.val_y)
    return hand_loop(module, optimizer, *tensors, experiment.training.epochs, 64)


def ours(experiment):
    """The same through the engine, from the start of training to the last measurement."""
    last = None
    for event in run(experiment, device="cpu"):
        if event.event == "run_started":
            started = time.perf_counter()
        elif event.event == "measured":
            last = event
            ended = time.perf_counter()
    return ended - started, last.metrics


def main():
    """Print a line per workload."""
    from normlab.core import places
    from normlab.engine.data import load

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9)
    pairs = parser.parse_args().pairs
    workloads = {
        "circles": (load_preset("d1-circles").experiment, circles),
        "digits": (change(Experiment(), {"training.epochs": 10}), digits),
    }
    print(f"torch {torch.__version__}, {torch.get_num_threads()} thread(s), {pairs} pairs after one warm-up")
    for name, (experiment, by_hand) in workloads.items():
        data = load(experiment, places.data(), CPU)
        times = {"ours": [], "hand": []}
        for pair in range(pairs + 1):
            seconds, metrics = ours(experiment)
            started = time.perf_counter()
            hand_metrics = by_hand(experiment, data)
            hand_seconds = time.perf_counter() - started
            if pair:
                times["ours"].append(seconds)
                times["hand"].append(hand_seconds)
        ratios = [a / b for a, b in zip(times["ours"], times["hand"], strict=True)]
        medians = {who: statistics.median(seconds) for who, seconds in times.items()}
        print(
            f"{name:8} ours {medians['ours']:.3f} s, hand {medians['hand']:.3f} s, "
            f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}); "
            f"val_accuracy {metrics['val_accuracy']:.3f} and {hand_metrics['val_accuracy']:.3f}"
        )


if __name__ == "__main__":
    main()
