"""What is trained against others: four small workloads, each as experiments of ours.

Everybody gets the same tensors, the same net with torch's own initial weights, and the same epochs.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

from normlab.core import places
from normlab.engine.data import Data, load
from normlab.lab.experiment import Experiment
from normlab.lab.presets import load_preset
from normlab.lab.settings import change

CLASSES = 10
NORMS = {"none": nn.Identity, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


@dataclass(frozen=True)
class Work:
    """One training."""

    experiment: Experiment
    data: Data

    @property
    def epochs(self) -> int:
        return self.experiment.training.epochs

    @property
    def batch_size(self) -> int:
        asked = self.experiment.training.batch_size
        return self.data.num_train if asked == "full" else asked

    @property
    def is_full_batch(self) -> bool:
        return self.batch_size >= self.data.num_train

    @property
    def lr(self) -> float:
        return self.experiment.optimizer.lr

    @property
    def optimizer(self) -> str:
        """sgd or adam."""
        return self.experiment.optimizer.kind

    @property
    def norm(self) -> str:
        return self.experiment.model.norm.kind

    @property
    def is_cnn(self) -> bool:
        return self.experiment.model.kind == "cnn"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, or channels, of each layer, and the outputs."""
        shape = self.data.train_x.shape
        inputs = shape[1] if self.is_cnn else shape[1:].numel()
        hidden = self.experiment.model.channels if self.is_cnn else self.experiment.model.hidden
        return inputs, *hidden, int(self.data.train_y.max()) + 1

    def module(self) -> nn.Module:
        """The net as one would write it."""
        *hidden, outputs = self.sizes
        layers: list[nn.Module] = [] if self.is_cnn or self.data.train_x.ndim == 2 else [nn.Flatten()]
        for before, after in pairwise(hidden):
            if self.is_cnn:
                layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            elif self.norm == "none":
                layers += [nn.Linear(before, after), nn.ReLU()]
            else:
                layers += [nn.Linear(before, after), NORMS[self.norm](after), nn.ReLU()]
        if self.is_cnn:
            layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        return nn.Sequential(*layers, nn.Linear(hidden[-1], outputs))

    def torch_optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        """Torch's own, in its fused form."""
        kind = torch.optim.SGD if self.optimizer == "sgd" else torch.optim.Adam
        return kind(module.parameters(), lr=self.lr, fused=True)


def workloads(folder: Path) -> dict[str, list[Work]]:
    """Make them all; where there are several of one name, the mean counts. Made-up data goes to `folder`."""
    circles = load_preset("d1-circles").experiment
    digits = change(Experiment(), {"training.epochs": 10, "training.batch_size": 64})
    of_vectors = written(folder / "vectors.npz", *vectors(10_000))
    wide = change(digits, {**of_vectors, "model.hidden": [128, 256], "training.epochs": 5})
    of_images = written(folder / "stripes.npz", *stripes(2_000))
    cnn = change(digits, {**of_images, "model.kind": "cnn", "training.epochs": 2})
    found = {
        "circles": [circles],
        "digits": [change(digits, {"model.norm.kind": norm}) for norm in NORMS],
        "wide": [wide],
        "cnn": [cnn],
    }
    cpu = torch.device("cpu")
    return {
        name: [Work(experiment, load(experiment, places.data(), cpu)) for experiment in experiments]
        for name, experiments in found.items()
    }


def vectors(num_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw samples around ten centres, with so much noise that they overlap. Shape: (N, 784), (N,)."""
    random = np.random.default_rng(0)
    y = random.integers(CLASSES, size=num_samples)
    centres = random.normal(0, 0.1, (CLASSES, 784))
    return centres[y] + random.normal(0, 1, (num_samples, 784)), y


def stripes(num_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw stripes of ten directions at any place, with noise. Shape: (N, 1, 28, 28), (N,)."""
    random = np.random.default_rng(0)
    y = random.integers(CLASSES, size=num_samples)
    angle, phase = np.pi * y / CLASSES, random.uniform(0, 2 * np.pi, num_samples)
    rows, columns = np.mgrid[:28, :28]
    along = np.multiply.outer(np.cos(angle), columns) + np.multiply.outer(np.sin(angle), rows)
    x = np.cos(1.5 * along + phase[:, None, None]) + random.normal(0, 0.5, (num_samples, 28, 28))
    return x[:, None], y


def written(path: Path, x: np.ndarray, y: np.ndarray) -> dict[str, str]:
    """Write made-up data, and give the settings that read it."""
    np.savez(path, x=x.astype(np.float32), y=y)
    return {"dataset.kind": "file", "dataset.path": str(path)}
