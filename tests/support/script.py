"""A training that never happens: scripted events, so that screens are tested without torch."""

import math
import time

from normlab.engine.events import Measured, Point, Progress, RunCreated, RunFinished, RunStarted

STEPS = 20


def script(run, epochs=None, seconds_each=0.0):
    """Yield the events of a run whose losses fall; another norm falls faster. It heeds its control."""
    experiment = run.experiment
    epochs = epochs or experiment.training.epochs
    rate = {"none": 0.2, "batch": 0.4, "layer": 0.5}.get(experiment.model.norm.kind, 0.3)
    yield RunCreated(run=run.id, arm=run.history.arm, experiment=experiment, device="cpu")
    yield RunStarted(
        run=run.id, arm=run.history.arm, seed=experiment.seed, experiment=experiment, device="cpu", num_threads=1,
        num_parameters=26_378, num_train=1258, num_val=539, steps_per_epoch=STEPS, num_steps=STEPS * epochs,
    )  # fmt: skip
    point, outcome = None, "completed"
    for epoch in range(1, epochs + 1):
        if seconds_each:
            time.sleep(seconds_each)
        if run.control.outcome is not None:
            outcome = run.control.outcome
            break
        yield Progress(run=run.id, epoch=epoch, step=STEPS * epoch - 10, seconds=0.1 * epoch)
        loss = 2 * math.exp(-rate * epoch) + 0.01 * experiment.seed
        metrics = {
            "train_loss": loss, "val_loss": loss + 0.05, "train_accuracy": 1 - loss / 3,
            "val_accuracy": 0.98 - loss / 3, "lr": 0.001, "grad_norm": loss * 3,
            "samples_per_second": 12_345.0, "seconds": 0.1 * epoch,
        }  # fmt: skip
        point = Point(epoch=epoch, step=STEPS * epoch, metrics=metrics)
        yield Measured(run=run.id, epoch=epoch, step=STEPS * epoch, metrics=metrics)
    yield RunFinished(
        run=run.id, outcome=outcome, reason=run.control.reason, best=point, last=point,
        seconds=0.1 * epochs,
    )  # fmt: skip
