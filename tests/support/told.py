"""The events of a run that never happened, without torch: for tests of what is kept."""

import math
import time

from normlab.engine.events import (
    CheckpointSaved,
    Measured,
    Point,
    Probed,
    Progress,
    RunCreated,
    RunFinished,
    RunStarted,
    Warned,
)
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

STEPS = 20


def told(run="aaaaaa", settings=None, epochs=3, arm="baseline", first=1, finish=True, losses=None, pause=0.0):
    """Yield a run's events, from epoch `first` on; its losses halve each epoch unless they are given."""
    experiment = change(Experiment(), {"training.epochs": epochs, **(settings or {})})
    yield RunCreated(run=run, arm=arm, experiment=experiment, device="cpu")
    yield RunStarted(
        run=run, arm=arm, seed=experiment.seed, experiment=experiment, device="cpu", num_threads=1,
        num_parameters=26_378, num_train=1258, num_val=539, steps_per_epoch=STEPS, num_steps=STEPS * epochs,
        resumed_at=STEPS * (first - 1),
    )  # fmt: skip
    yield Warned(run=run, message="a bias in front of batch norm")
    point = best = None
    for epoch in range(first, epochs + 1):
        time.sleep(pause)
        yield Progress(run=run, epoch=epoch, step=STEPS * epoch - 10, seconds=0.1 * epoch)
        loss = losses[epoch - 1] if losses else 2.0**-epoch
        metrics = {
            "train_loss": loss,
            "val_loss": loss * 2,
            "val_accuracy": 1 - loss / 2,
            "seconds": 0.1 * epoch,
        }
        point = Point(epoch=epoch, step=STEPS * epoch, metrics=metrics)
        if math.isfinite(loss) and (best is None or loss * 2 < best.metrics["val_loss"]):
            best = point
        yield Probed(
            run=run, epoch=epoch, step=STEPS * epoch, low=(0.0,), high=(1.0,), sizes=(3,),
            answers=(0.0, math.nan, 1.0), num_classes=2,
        )  # fmt: skip
        yield Measured(run=run, epoch=epoch, step=STEPS * epoch, metrics=metrics)
    if finish:
        yield CheckpointSaved(
            run=run, name="best", path="best.safetensors", sha256="0" * 64, epoch=epochs, step=STEPS * epochs
        )
        yield RunFinished(run=run, outcome="completed", best=best, last=point, seconds=0.1 * epochs)


def lasting(events):
    """Leave out the events that only say that a run is alive."""
    return [event for event in events if event.event not in ("progress", "preparing", "held", "saving")]
