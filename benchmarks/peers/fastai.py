"""fastai: a Learner without bar and logging, on torch's optimizer and batches made as by hand."""

import time
from functools import partial

import fastai.callback.progress  # noqa: F401  gives a Learner no_bar
import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.metrics import accuracy
from fastai.optimizer import OptimWrapper
from hand import Batches


def train(work):
    """Train by fit(), at a constant rate."""
    data = work.data
    loaders = DataLoaders(
        Batches(data.train_x, data.train_y, work.batch_size), Batches(data.val_x, data.val_y, data.num_val)
    )
    kind = torch.optim.SGD if work.optimizer == "sgd" else torch.optim.Adam
    learner = Learner(
        loaders,
        work.module(),
        loss_func=torch.nn.CrossEntropyLoss(),
        opt_func=partial(OptimWrapper, opt=kind, fused=True),
        lr=work.lr,
        wd=0.0,
        metrics=accuracy,
    )
    learner.recorder.train_metrics = True
    with learner.no_bar(), learner.no_logging():
        began = time.process_time()
        learner.fit(work.epochs)
        seconds = time.process_time() - began
    names = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
    return seconds, dict(zip(names, learner.recorder.values[-1], strict=True))


TRAINS = {"fastai": train}
