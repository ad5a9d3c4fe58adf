"""The loop that one would write by hand, and write well: tensors in memory, a batch an index into them.

It knows nothing of normlab, so that benchmarks/memory.py can measure what it takes by itself.
"""

import time

import torch
from torch.nn import functional


class Batches:
    """The batches of an epoch, in a new order each time; a full batch as it lies."""

    def __init__(self, x, y, batch_size):
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def __iter__(self):
        if self.batch_size >= len(self.x):
            yield self.x, self.y
            return
        for rows in torch.randperm(len(self.x), device=self.x.device).split(self.batch_size):
            yield self.x[rows], self.y[rows]


def loop(module, optimizer, data, epochs, batch_size):
    """Train, and measure after each epoch: loss and accuracy of its batches, and of the validation data."""
    batches = Batches(data.train_x, data.train_y, batch_size)
    metrics = {}
    for _ in range(epochs):
        module.train()
        loss_sum = right = torch.zeros(())
        for x, y in batches:
            optimizer.zero_grad()
            output = module(x)
            loss = functional.cross_entropy(output, y)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                loss_sum = loss_sum + loss * len(y)
                right = right + (output.argmax(1) == y).sum()
        module.eval()
        with torch.inference_mode():
            output = module(data.val_x)
            val_loss = functional.cross_entropy(output, data.val_y)
            val_right = (output.argmax(1) == data.val_y).sum()
        metrics = {
            "train_loss": float(loss_sum) / len(data.train_x),
            "train_accuracy": float(right) / len(data.train_x),
            "val_loss": float(val_loss),
            "val_accuracy": float(val_right) / len(data.val_x),
        }
    return metrics


def train(work):
    """Train a workload from a module that is built; give the CPU seconds and the last metrics."""
    module = work.module()
    optimizer = work.torch_optimizer(module)
    began = time.process_time()
    metrics = loop(module, optimizer, work.data, work.epochs, work.batch_size)
    return time.process_time() - began, metrics


def in_a_row(count):
    """Make what trains a work several times, and gives the seconds of each."""

    def train_all(work):
        measured = [train(work) for _ in range(count)]
        return sum(seconds for seconds, _ in measured) / count, measured[-1][1]

    return train_all
