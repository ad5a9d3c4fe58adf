"""Kept weights measured on an experiment's data, without training."""

from contextlib import closing
from dataclasses import dataclass

from normlab.core import places
from normlab.engine.data import load
from normlab.engine.device import pick_device
from normlab.engine.events import WeightsLoaded
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.torch_state import choose_threads, settings
from normlab.engine.trainer import Trainer, operations_per_step
from normlab.engine.weights import StartWeights, load_weights, untrained
from normlab.lab.checks import check
from normlab.lab.experiment import Experiment


@dataclass(frozen=True)
class Evaluation:
    """What kept weights are worth on an experiment's data."""

    metrics: dict[str, float]
    """val_* as a run measures them, always in evaluation mode, and eval_train_*: the training part, too."""
    loaded: WeightsLoaded
    """What of the weights matched the model."""
    warnings: tuple[str, ...]


def evaluate(experiment: Experiment, weights: StartWeights, *, device: str = "auto") -> Evaluation:
    """Measure weights on an experiment's data, in evaluation mode; nothing is trained or written.

    Data that isn't there yet is downloaded. A warning tells of tensors that were not among the weights, and
    of batch norms whose statistics come from no batch.

    Raises: ConfigError for settings that can't be run or a device that isn't there; DataError for data that
    can't be had, or where none of the weights fits.
    """
    warnings = check(experiment)
    place, folder = pick_device(device), places.data()
    for _ in experiment.dataset.fetch(folder):
        pass
    num_threads = choose_threads(operations_per_step(experiment))
    threads = settings(num_threads, experiment.training.deterministic)
    with threads, closing(load(experiment, folder, place)) as data:
        trainer = Trainer(experiment, data, folder, place, Stopwatch())
        loaded = load_weights(trainer.module, weights, run_id="")
        warnings += untrained(trainer.module, loaded)
        metrics = trainer.evaluate()
    return Evaluation(metrics, loaded, tuple(map(str, warnings)))
