"""Boards of studies whose runs are scripted: nothing is trained."""

import json
import math
import random

from normlab.engine.events import Measured, Point, RunFinished, RunStarted
from normlab.lab.presets import parse_preset, preset_tree
from normlab.store.slots import Slot
from normlab.store.studies import KeptStudy
from normlab.views.board import Board

PRESET = """
title = "Batch norm on two circles"
about = '''
Is batch norm *faster*, and is it **better** in the end? Try `--set training.epochs=20` too.

- faster: epochs to a target
- better: the best accuracy
'''
source = "Lecture D"
[experiment.dataset]
kind = "circles"
samples = 2000
[experiment.model]
kind = "mlp"
hidden = [64, 32]
[experiment.optimizer]
kind = "sgd"
lr = 0.1
[experiment.training]
epochs = 20
[[arms]]
name = "batch norm"
set = { "model.norm.kind" = "batch" }
[[arms]]
name = "layer norm"
set = { "model.norm.kind" = "layer", "optimizer.lr" = 0.05 }
[study]
seeds = 10
[[claims]]
text = "Batch norm reaches an accuracy of 0.9 in fewer epochs"
arm = "batch norm"
metric = "epochs_to"
target = { val_accuracy = 0.9 }
direction = "lower"
margin = 0.1
[[claims]]
text = "Batch norm ends at a lower loss"
arm = "batch norm"
metric = "val_loss"
direction = "lower"
[[claims]]
text = "Layer norm is as accurate as batch norm, within a point"
arm = "layer norm"
against = "batch norm"
metric = "val_accuracy"
direction = "equal"
margin = 0.01
"""
ENVIRONMENT = {"normlab": "0.4.0", "torch": "2.9.0", "python": "3.11.9", "processor": "x86_64", "cores": "2"}


def board(text=PRESET, skip=(), fail=(), looks=None, environment=ENVIRONMENT, rates=None, origin=None):
    """Give a board; `skip` and `fail` hold pairs of a cell's name and a seed, rates a cell's speed by name."""
    preset = parse_preset(text, "study.toml")
    made = Board(
        KeptStudy(
            "k3f9q2", json.dumps(preset_tree(preset)), "cpu", origin, looks or (len(preset.seeds),), 1.7e9
        )
    )
    for index, cell in enumerate(made.cells):
        rate = (rates or {}).get(cell.name, 0.15 + 0.1 * index)
        for seed in made.seeds:
            if (cell.name, seed) not in skip:
                failed = (cell.name, seed) in fail
                play(made, cell, seed, rate, failed, f"r{index:02}x{seed:03}", environment)
    return made


def play(board, cell, seed, rate, failed, run, environment):
    """Fold the events of a run whose loss falls at a rate, or which diverges half way."""
    experiment = cell.experiment.model_copy(update={"seed": seed})
    slot, epochs = Slot(cell, experiment, "f"), experiment.training.epochs
    chance = random.Random(f"{cell.name} {seed}")
    rate *= 1 + 0.25 * (chance.random() - 0.5)
    board.fold(slot, RunStarted(
        run=run, arm=cell.name, seed=seed, experiment=experiment, device="cpu", num_threads=1,
        num_parameters=2402, num_train=1400, num_val=600, steps_per_epoch=20, num_steps=20 * epochs,
    ))  # fmt: skip
    best = point = None
    for epoch in range(1, epochs // 2 + 1 if failed else epochs + 1):
        loss = (0.7 * math.exp(-rate * epoch) + 0.03) * (1 + 0.2 * (chance.random() - 0.5))
        if failed and epoch == epochs // 2:
            loss = math.nan
        metrics = {
            "train_loss": loss * 0.9, "val_loss": loss, "train_accuracy": 1 - loss / 2,
            "val_accuracy": 0.99 - loss / 2, "lr": 0.1, "grad_norm": loss * 3, "samples_per_second": 1e4,
            "seconds": 0.1 * epoch,
        }  # fmt: skip
        point = Point(epoch=epoch, step=20 * epoch, metrics=metrics)
        best = point if best is None or loss < best.metrics["val_loss"] else best
        board.fold(slot, Measured(run=run, epoch=epoch, step=20 * epoch, metrics=metrics))
    board.fold(slot, RunFinished(
        run=run, outcome="diverged" if failed else "completed", reason="the loss is nan" if failed else None,
        best=best, last=point, seconds=0.1 * epochs,
    ))  # fmt: skip
    board.environments[run] = dict(environment)
