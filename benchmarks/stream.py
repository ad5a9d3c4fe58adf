"""Training on images that are read meanwhile, against a tuned DataLoader loop, by ratios in alternation.

The hand loop decodes the same files, by the same function, with as many workers, which stay between epochs
and prefetch; it has the same network, a fused Adam, and evaluates after each epoch. Both are timed from where
training begins, their workers waiting, to the last evaluation.

    python benchmarks/stream.py [--pairs 5] [--epochs 5] [--images 2000] [--pixels 64] [--device cpu]
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from normlab import Experiment, change, run
from normlab.engine.module import build_module
from normlab.engine.reader import num_workers

NUM_CLASSES = 4
BATCH = 64
MODELS = {
    "reading": {"kind": "mlp", "hidden": [16]},
    "the network": {"kind": "cnn", "channels": [16, 32]},
}


def draw(folder, num_images, pixels):
    """Write noise of four colours as JPEG and PNG, half of each."""
    random = np.random.default_rng(0)
    for number in range(num_images):
        colours = random.integers(0, 256, (8, 8, 3), "uint8")
        colours[..., number % 3] //= 1 + number % NUM_CLASSES
        path = folder / f"class{number % NUM_CLASSES}" / f"{number}.{('jpg', 'png')[number // 4 % 2]}"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(colours).resize((pixels, pixels), Image.Resampling.BICUBIC).save(path)


class Files(Dataset):
    """What one would write: images and their classes, a sample at a time."""

    def __init__(self, source, rows):
        self.source, self.rows = source, rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, number):
        row = self.rows[number]
        return (torch.from_numpy(self.source.sample(row)) - 0.5) / 0.25, self.source.y[row]


def by_hand(experiment, device):
    """Train and evaluate epoch by epoch; give the seconds and the last accuracy."""
    torch.manual_seed(0)
    pixels, workers, source = experiment.dataset.size, num_workers(), experiment.dataset.source(None)
    rows = np.random.default_rng(0).permutation(len(source.y))
    num_train = round(0.7 * len(rows))
    options = {"batch_size": BATCH, "num_workers": workers, "persistent_workers": workers > 0}
    options["pin_memory"] = device.type == "cuda"
    module = build_module(experiment.model, (3, pixels, pixels), NUM_CLASSES, 0, device)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)
    train = DataLoader(Files(source, rows[:num_train]), shuffle=True, **options)
    val = DataLoader(Files(source, rows[num_train:]), **options)
    for loader in (train, val) if workers else ():
        for _ in loader:  # its workers have started, and nothing is read ahead that would be thrown away
            pass
    started = time.perf_counter()
    for _ in range(experiment.training.epochs):
        module.train()
        loss_sum = right = torch.zeros((), device=device)
        for x, y in train:
            x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            optimizer.zero_grad()
            output = module(x)
            loss = nn.functional.cross_entropy(output, y)
            loss.backward()
            optimizer.step()
            loss_sum = loss_sum + loss.detach() * len(y)
            right = right + (output.detach().argmax(1) == y).sum()
        _ = float(loss_sum), float(right)
        module.eval()
        loss_sum = right = torch.zeros((), device=device)
        with torch.inference_mode():
            for x, y in val:
                x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
                output = module(x)
                loss_sum = loss_sum + nn.functional.cross_entropy(output, y) * len(y)
                right = right + (output.argmax(1) == y).sum()
        metrics = float(loss_sum), float(right) / (len(rows) - num_train)
    return time.perf_counter() - started, metrics[1]


def ours(experiment, device):
    """The same through the engine."""
    for event in run(experiment, device=str(device), num_threads=1):
        if event.event == "run_started":
            started = time.perf_counter()
        elif event.event == "measured":
            seconds, accuracy = time.perf_counter() - started, event.metrics["val_accuracy"]
    return seconds, accuracy


def main():
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in {"pairs": 5, "epochs": 5, "images": 2000, "pixels": 64}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--device", default="cpu")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, device = Path(name), torch.device(wanted.device)
        draw(folder, wanted.images, wanted.pixels)
        settings = {
            "dataset": {"kind": "image_folder", "path": name, "size": wanted.pixels, "stream": "always"},
            "training.batch_size": BATCH,
            "training.epochs": wanted.epochs,
        }
        print(f"torch {torch.__version__}, {wanted.device}, {num_workers()} workers, {wanted.pairs} pairs")
        for bound, model in MODELS.items():
            compare(bound, change(Experiment(), settings | {"model": model}), device, wanted.pairs)


def compare(bound, experiment, device, pairs):
    """Print the medians after a warm-up, and their ratio."""
    times = {"ours": [], "hand": []}
    for pair in range(pairs + 1):
        (seconds, accuracy), (hand_seconds, hand_accuracy) = (
            ours(experiment, device),
            by_hand(experiment, device),
        )
        if pair:
            times["ours"].append(seconds)
            times["hand"].append(hand_seconds)
    ratios = [a / b for a, b in zip(times["ours"], times["hand"], strict=True)]
    medians = {who: statistics.median(seconds) for who, seconds in times.items()}
    print(
        f"bound by {bound}: ours {medians['ours']:.2f} s, hand {medians['hand']:.2f} s, "
        f"ratio {medians['ours'] / medians['hand']:.3f} ({min(ratios):.3f} to {max(ratios):.3f}); "
        f"bar 1.05: {'met' if medians['ours'] <= 1.05 * medians['hand'] else 'NOT met'}; "
        f"val_accuracy {accuracy:.3f} and {hand_accuracy:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
