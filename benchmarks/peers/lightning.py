"""Lightning: as it comes; at its best for regular training; and in barebones mode.

Barebones mode gathers no metrics, and Lightning's documentation discourages it for all but measuring
overhead: it is shown as the least that Lightning can cost.
"""

import logging
import os
import time
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from tempfile import TemporaryDirectory

import lightning
from hand import Batches
from torch.nn import functional
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset

warnings.filterwarnings("ignore", module="lightning")
for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)
QUIET = {
    "logger": False,
    "enable_progress_bar": False,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}


class Logged(lightning.LightningModule):
    """The net, its metrics gathered by Lightning."""

    def __init__(self, work):
        super().__init__()
        self.work, self.module = work, work.module()

    def configure_optimizers(self):
        return self.work.torch_optimizer(self.module)

    def gather(self, part, loss, output, y):
        right = (output.argmax(1) == y).float().mean()
        self.log(f"{part}_loss", loss, on_step=False, on_epoch=True, batch_size=len(y))
        self.log(f"{part}_accuracy", right, on_step=False, on_epoch=True, batch_size=len(y))

    def training_step(self, batch, number):
        x, y = batch
        output = self.module(x)
        loss = functional.cross_entropy(output, y)
        self.gather("train", loss.detach(), output.detach(), y)
        return loss

    def validation_step(self, batch, number):
        x, y = batch
        output = self.module(x)
        self.gather("val", functional.cross_entropy(output, y), output, y)


class Gathered(Logged):
    """The net, its metrics gathered by hand: barebones mode logs nothing."""

    def __init__(self, work):
        super().__init__(work)
        self.sums, self.metrics = {}, {}

    def gather(self, part, loss, output, y):
        sums = self.sums.setdefault(part, [0, 0, 0])
        sums[0] = sums[0] + loss * len(y)
        sums[1] = sums[1] + (output.argmax(1) == y).sum()
        sums[2] += len(y)

    def take(self, part):
        loss, right, count = self.sums.pop(part)
        self.metrics |= {f"{part}_loss": float(loss) / count, f"{part}_accuracy": float(right) / count}

    def on_train_epoch_end(self):
        self.take("train")

    def on_validation_epoch_end(self):
        self.take("val")


@contextmanager
def silence():
    """Send what is printed nowhere: a progress bar costs the same there."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def fit(module, train, val, **settings):
    """Time fit() of a Trainer that is made."""
    with TemporaryDirectory() as folder, silence():
        trainer = lightning.Trainer(
            max_epochs=module.work.epochs, accelerator="cpu", default_root_dir=folder, **settings
        )
        began = time.process_time()
        trainer.fit(module, train, val)
        seconds = time.process_time() - began
    return seconds, {name: float(value) for name, value in trainer.callback_metrics.items()}


def default(work):
    """Train with all that a Trainer does by itself: progress bar, logger, checkpoints."""
    data = work.data
    train = DataLoader(TensorDataset(data.train_x, data.train_y), work.batch_size, shuffle=True)
    val = DataLoader(TensorDataset(data.val_x, data.val_y), work.batch_size)
    return fit(Logged(work), train, val)


def tuned(work):
    """Train without all of that; loaders take a batch in one go, as torch's documentation shows."""
    data = work.data
    rows = (RandomSampler, SequentialSampler)[work.is_full_batch](data.train_y)
    train = DataLoader(
        TensorDataset(data.train_x, data.train_y),
        sampler=BatchSampler(rows, work.batch_size, drop_last=False),
        batch_size=None,
    )
    val = DataLoader(TensorDataset(data.val_x[None], data.val_y[None]), batch_size=None)
    return fit(Logged(work), train, val, **QUIET)


def barebones(work):
    """Train in the mode that measures Lightning's own cost, on the hand loop's batches."""
    data = work.data
    module = Gathered(work)
    train = Batches(data.train_x, data.train_y, work.batch_size)
    val = Batches(data.val_x, data.val_y, data.num_val)
    seconds, _ = fit(module, train, val, barebones=True)
    return seconds, module.metrics


TRAINS = {"Lightning": default, "Lightning, tuned": tuned, "Lightning, barebones": barebones}
