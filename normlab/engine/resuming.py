"""A run's kept state: read, and checked against the run that is to go on from it."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from normlab.core.errors import ConfigError, NormlabError, Problem
from normlab.core.parsing import parse
from normlab.core.text import visible
from normlab.engine.device import is_out_of_memory
from normlab.engine.fits import misfit, optimizer_misfit
from normlab.engine.nested import unpack
from normlab.engine.sealed import CheckpointError, unseal
from normlab.engine.state_record import StateRecord
from normlab.lab.batches import BatchSizes, num_steps
from normlab.lab.experiment import Experiment
from normlab.lab.settings import differences
from normlab.layers.elementwise import Elementwise

VERSION = 3
"""Of what a state holds, and how."""

_STUMBLES = (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError, OverflowError)
_ANEW = "begin a new run to compare it with others"
_LENGTHS = ("training.epochs", "training.steps")


@dataclass(frozen=True)
class SavedState:
    """All that a run was, at the moment of a checkpoint."""

    path: Path
    experiment: Experiment
    record: StateRecord
    parts: dict[str, Any]
    """What each part of the run gave as its state."""

    def check(self, experiment: Experiment, run_id: str | None) -> None:
        """See that the state is this run's, and that only the length of the training has changed.

        Raises: CheckpointError when it is another run's; ConfigError with the settings that differ.
        """
        if run_id not in (None, self.record.run):
            rule = f"belongs to run {visible(self.record.run)}, not to {visible(str(run_id))}"
            raise CheckpointError(Problem(str(self.path), rule, "resume a run from its own folder"))
        before, after = self.experiment.training, experiment.training
        changed = list(differences(self.experiment, experiment))
        if before.unit == after.unit:
            changed = [each for each in changed if each.path not in _LENGTHS]
        problems = [
            Problem(each.path, f"can't change when a run is resumed ({each})", "begin a new run")
            for each in changed
        ]
        if experiment.seed != self.experiment.seed:
            rule = f"can't change when a run is resumed: it was {self.experiment.seed}"
            problems.append(Problem("seed", rule, "begin a new run", experiment.seed))
        old, new = before.steps or before.epochs, after.steps or after.epochs
        done = self.record.epoch if before.unit == "epoch" else self.record.step
        if before.unit == after.unit and new < old and new <= done:
            rule = f"is not more than the {done} that the run has trained"
            problems.append(Problem(f"training.{after.unit}s", rule, f"use {done + 1} or more", new))
        if problems:
            raise ConfigError(*problems)

    def has_other_length(self, experiment: Experiment) -> bool:
        """Tell whether an experiment is to train for another length than the kept run was to."""
        before, after = self.experiment.training, experiment.training
        return (before.epochs, before.steps) != (after.epochs, after.steps)

    def cautions(self, device: str, num_threads: int, library: str) -> Iterator[Problem]:
        """Yield why what follows may differ from what an uninterrupted run would have given."""
        record, product = self.record, "library for products"
        here = {"device": device, "threads": num_threads, "torch": str(torch.__version__), product: library}
        then = {
            "device": record.device,
            "threads": record.num_threads,
            "torch": record.torch,
            product: record.library,
        }
        for name, value in here.items():
            if value != then[name]:
                rule = f"was {visible(str(then[name]))} before the stop, so that last digits may differ"
                remedy = "resume it where it began, for the same bits"
                yield Problem(name, rule, remedy, value, warning=True)

    def cautions_of_length(self, experiment: Experiment, sizes: BatchSizes) -> Iterator[Problem]:
        """Yield how a training of another length differs from one that was begun at that length."""
        if not self.has_other_length(experiment):
            return
        clocks = [
            each.schedule.build(num_steps(each.training, sizes.num_batches), sizes.num_batches)
            for each in (self.experiment, experiment)
        ]
        step = self.record.step
        steps = range(0, step, max(1, step // 1000))
        if any(clocks[0].factor(step) != clocks[1].factor(step) for step in steps):
            rule = "depends on the length: rates so far were those of the length of before, and from here on "
            rule += "they are those of the new one"
            yield Problem("schedule.kind", rule, _ANEW, experiment.schedule.kind, warning=True)
        before = self.experiment.training
        length, every = before.steps or before.epochs, before.evaluate_every
        if length % every and step == num_steps(before, sizes.num_batches):
            rule = f"does not divide the {length} {before.unit}s of before: their last evaluation stays, "
            rule += "which the longer training would not have made"
            yield Problem("training.evaluate_every", rule, _ANEW, every, warning=True)

    @contextmanager
    def trusted(self) -> Generator[None]:
        """Take up what each part gave; where that fails, the file was never written by a run like this.

        Raises: CheckpointError in place of whatever a part stumbles over.
        """
        try:
            yield
        except _STUMBLES as error:
            if is_out_of_memory(error):
                raise
            raise _not_a_state(self.path) from None

    def check_weights(self, module: nn.Module) -> None:
        """See that the kept weights are the module's, before any of them is loaded.

        Raises: CheckpointError naming a tensor that isn't.
        """
        for part in (self.parts["model"], self.parts["best"]["weights"]):
            if part and (odd := misfit(part, module.state_dict())):
                raise self._misfit(odd)

    def check_optimizer(self, optimizer: Optimizer | Elementwise) -> None:
        """See that what an optimizer has taken up is in the shapes of its parameters, before any step.

        Raises: CheckpointError naming a tensor that isn't.
        """
        if odd := optimizer_misfit(optimizer):
            raise self._misfit(odd)

    def _misfit(self, place: str) -> CheckpointError:
        rule = f"does not fit the model at {visible(place)}"
        return CheckpointError(Problem(str(self.path), rule, "begin a new run"))


def read_state(path: Path) -> SavedState:
    """Read a run's state.safetensors.

    Raises: CheckpointError when it is damaged, foreign, or of another version.
    """
    tensors, texts = unseal(path)
    try:
        if texts["version"] != str(VERSION):
            rule = f"holds a state of version {visible(texts['version'])}, and this normlab reads {VERSION}"
            raise CheckpointError(Problem(str(path), rule, "use the normlab that wrote it"))
        parts = unpack(texts["state"], tensors)
        return SavedState(
            path=path,
            experiment=parse(Experiment, parts["experiment"], "experiment"),
            record=StateRecord.model_validate(parts),
            parts=parts,
        )
    except CheckpointError:
        raise
    except NormlabError as error:
        rule = f"holds an experiment that can't be read: {error}"
        raise CheckpointError(Problem(str(path), rule, "use the normlab that wrote it")) from None
    except _STUMBLES:  # RecursionError is a RuntimeError
        raise _not_a_state(path) from None


def _not_a_state(path: Path) -> CheckpointError:
    """Say that a file, whole as it is, is not the state of a run."""
    return CheckpointError(Problem(str(path), "holds no run's state", "resume from a run's own folder"))
