"""One run under way: prepared, trained, saved, told."""

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import torch

from normlab.components.datasets import Fetched, Samples
from normlab.core import places
from normlab.core.errors import Problem
from normlab.engine.best import Best, Patience
from normlab.engine.checkpoints import Checkpoints
from normlab.engine.control import Control
from normlab.engine.data import Data, loading
from normlab.engine.device import is_out_of_memory
from normlab.engine.events import (
    Event,
    Measured,
    Outcome,
    Point,
    Preparing,
    Progress,
    RunCreated,
    RunFinished,
    RunStarted,
    Saving,
    Warned,
)
from normlab.engine.probe import Probe
from normlab.engine.resuming import SavedState
from normlab.engine.scaling import Scale
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.streaming import Streamed
from normlab.engine.trainer import Trainer
from normlab.engine.turns import Turn
from normlab.engine.weights import StartWeights, load_weights
from normlab.lab.experiment import Experiment
from normlab.stacked.kept_library import Library

_PROGRESS_SECONDS = 0.1


@dataclass
class Session:
    """One run under way."""

    experiment: Experiment
    device: torch.device
    num_threads: int
    library: Library
    arm: str
    id: str
    control: Control
    warnings: list[Problem]
    watch: Stopwatch
    checkpoints: Checkpoints | None
    saved: SavedState | None
    weights: StartWeights | None
    time_limit_seconds: float | None
    wants_probe: bool
    outcome: Outcome = "completed"
    reason: str | None = None
    trainer: Trainer | None = None
    """None until it is ready to be stepped, and to be saved."""
    data: Data | Streamed | None = None
    probe: Probe | None = None
    last: Point | None = None
    epoch: int = 0
    step: int = 0
    between_steps: bool = True
    """False where a step or an evaluation was broken off: what that leaves can't be resumed."""
    untold: bool = False
    """True while the last evaluation is told: who closes the run then has not taken it in."""

    def __post_init__(self) -> None:
        self.best = Best(self.experiment)
        self.patience = Patience(self.experiment)

    def events(self) -> Generator[Event | Turn]:
        """Prepare, train, save, and tell the outcome; between events, ask for turns to be taken."""
        try:
            origin = None if self.saved or self.weights is None else self.weights.origin
            yield RunCreated(
                run=self.id,
                arm=self.arm,
                experiment=self.experiment,
                device=str(self.device),
                origin=origin,
            )
            yield from self._load()
            if self.data is not None:
                trainer, told = self._prepare(self.data)
                yield self._started(trainer)
                yield from told
                yield from self._train(trainer)
                yield from self._announce_saving()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.outcome, self.reason = "oom", self._memory_remedy()
        finally:
            if self.data is not None:
                self.data.close()
            saved = self._save()
        yield from saved
        yield self._finished()

    def _load(self) -> Iterator[Event]:
        """Get the data, unless the run is stopped before."""
        with closing(self._steps()) as steps:
            # First of all: its slot may have been taken, or its folder be another's.
            while not self._is_stopped(math.inf) and (part := next(steps, None)):
                yield Preparing(
                    run=self.id, what=part.what, done_bytes=part.done_bytes, total_bytes=part.total_bytes
                )

    def _steps(self) -> Generator[Fetched]:
        experiment, folder = self.experiment, places.data()
        yield from experiment.dataset.fetch(folder)
        self.data = yield from loading(experiment, folder, self.device, self._draw)

    def _draw(self, train: Samples, val: Samples, scaled: Scale) -> None:
        """Lay out the run's pictures, where they are wanted and can be drawn."""
        outline = self.experiment.dataset.outline(places.data())
        if self.wants_probe and outline.shape in ((1,), (2,)):
            num_classes = outline.num_classes if outline.task == "classification" else None
            self.probe = Probe(train, val, scaled, num_classes, self.device)

    def _prepare(self, data: Data | Streamed) -> tuple[Trainer, list[Event]]:
        """Make all ready, as it was drawn, kept or left off; and what is to be told of that."""
        trainer = Trainer(self.experiment, data, places.data(), self.device, self.watch)
        if self.checkpoints is not None:
            self.best.keep_weights_of(trainer.module)
        self.watch.restart()  # the first run of a process imports much; times are to be compared
        told: list[Event] = []
        if self.saved is not None:
            told += self._take_up(self.saved, trainer)
        elif self.weights is not None:
            told.append(load_weights(trainer.module, self.weights, self.id))
        told += [Warned(run=self.id, message=str(warning)) for warning in self.warnings]
        self.trainer = trainer
        return trainer, told

    def _started(self, trainer: Trainer) -> RunStarted:
        return RunStarted(
            run=self.id,
            arm=self.arm,
            seed=self.experiment.seed,
            experiment=self.experiment,
            device=str(self.device),
            num_threads=self.num_threads,
            library=self.library if self.device.type == "cpu" else None,
            num_parameters=trainer.num_parameters,
            num_train=trainer.data.num_train,
            num_val=trainer.data.num_val,
            steps_per_epoch=trainer.sizes.num_batches,
            num_steps=trainer.num_steps,
            resumed_at=self.step,
        )

    def _train(self, trainer: Trainer) -> Iterator[Event | Turn]:
        training, watch, num_batches = self.experiment.training, self.watch, trainer.sizes.num_batches
        every = training.evaluate_every * (num_batches if training.unit == "epoch" else 1)
        evaluation = min((self.step // every + 1) * every, trainer.num_steps)
        told = watch.seconds
        ends = told + (math.inf if self.time_limit_seconds is None else self.time_limit_seconds)
        if self.checkpoints is not None:
            yield from self.checkpoints.begin(self.arm, self.epoch, self.step)
        if self.untold:
            yield from self._tell()
        while self.step < trainer.num_steps and self.outcome == "completed":
            begun, done = divmod(self.step, num_batches)
            self.epoch = begun + 1
            for x, y in trainer.epoch(self.epoch, done):
                turn = Turn(trainer, self.watch, self.step, x, y, measures=self.step + 1 == evaluation)
                while not turn.is_begun:  # it may be ended while it is held
                    if self._is_stopped(ends):
                        return
                    try:
                        yield turn
                    finally:
                        self.between_steps = not turn.is_begun
                if turn.error is not None:
                    raise turn.error
                self.step += 1
                if turn.metrics is not None:
                    self._take_in(turn.metrics)
                self.between_steps = True
                if turn.warning is not None:
                    self.untold = turn.metrics is not None
                    yield Warned(run=self.id, message=turn.warning)
                if turn.metrics is not None:
                    yield from self._tell()
                    if self.outcome != "completed" or self.step == trainer.num_steps:
                        return
                    evaluation = min(self.step + every, trainer.num_steps)
                    yield from self._save_if_due(evaluated=True)
                    told = watch.seconds
                elif (now := watch.seconds) - told > _PROGRESS_SECONDS:
                    told = now
                    if training.on_divergence == "stop" and not trainer.loss_is_finite:
                        self.outcome = "diverged"
                        self.reason = f"train_loss is not finite at step {self.step}"
                        return
                    yield Progress(run=self.id, epoch=self.epoch, step=self.step, seconds=now)
                    yield from self._save_if_due(evaluated=False)

    def _finished(self) -> RunFinished:
        best, last, seconds = self.best.point, self.last, self.watch.seconds
        if self.trainer is None:  # it wasn't ready yet: nothing was trained beyond what is kept
            best, last, seconds = None, None, 0.0
            if self.saved is not None:
                then = self.saved.record
                best, last, seconds = then.best.point, then.last, then.seconds
        return RunFinished(
            run=self.id, outcome=self.outcome, reason=self.reason, best=best, last=last, seconds=seconds
        )

    def _is_stopped(self, ends: float) -> bool:
        if self.control.outcome is not None:
            self.outcome, self.reason = self.control.outcome, self.control.reason
        elif ends < math.inf and self.watch.seconds >= ends:
            self.outcome, self.reason = "stopped", f"time limit of {self.time_limit_seconds:g} s"
        return self.outcome != "completed"

    def _take_in(self, metrics: dict[str, float]) -> None:
        """Take in an evaluation, and note the outcome where it ends the run."""
        training = self.experiment.training
        # Not checked, here and where it is told: these are our own numbers, and a check takes 5 µs.
        self.last = point = Point.model_construct(epoch=self.epoch, step=self.step, metrics=metrics)
        self.best.observe(point)
        odd = [name for name in ("train_loss", "val_loss") if not math.isfinite(point.metrics.get(name, 0.0))]
        if odd and training.on_divergence == "stop":
            at = point.epoch if training.unit == "epoch" else point.step
            self.outcome = "diverged"
            self.reason = f"{odd[0]} is {point.metrics[odd[0]]} at {training.unit} {at}"
        elif reason := self.patience.ends(point):
            self.outcome, self.reason = "early_stopped", reason

    def _tell(self) -> Iterator[Event]:
        assert self.last is not None
        self.untold = True
        epoch, step, metrics = self.last.epoch, self.last.step, self.last.metrics
        yield Measured.model_construct(run=self.id, epoch=epoch, step=step, metrics=metrics)
        self.untold = False

    def _save_if_due(self, evaluated: bool) -> Iterator[Event]:
        if self.checkpoints and self.checkpoints.due(self.epoch, self.step, evaluated):
            yield from self._announce_saving()
            yield from self._save()

    def _announce_saving(self) -> Iterator[Event]:
        if self.checkpoints is not None:
            yield Saving(run=self.id, epoch=self.epoch, step=self.step)

    def _save(self) -> list[Event]:
        """Write the run's files, where a folder is given."""
        if self.checkpoints is None or self.trainer is None:
            return []
        metrics = self.last.metrics if self.last and self.last.step == self.step else {}
        here = Point(epoch=self.epoch, step=self.step, metrics=metrics)
        state = self._state(self.trainer) if self.between_steps else None
        return self.checkpoints.save(here, self.trainer.module.state_dict(), self.best, state)

    def _state(self, trainer: Trainer) -> dict[str, Any]:
        return {
            "run": self.id,
            "experiment": self.experiment.model_dump(mode="json"),
            "device": str(self.device),
            "num_threads": self.num_threads,
            "library": self.library,
            "torch": str(torch.__version__),
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.watch.seconds,
            "outcome": self.outcome,
            "reason": self.reason,
            "last": None if self.last is None else self.last.model_dump(),
            "untold": self.untold,
            "best": self.best.state(self.step),
            "patience": self.patience.state(),
            **trainer.state(),
        }

    def _take_up(self, saved: SavedState, trainer: Trainer) -> list[Event]:
        """Go on from a kept state; what an outcome has ended stays ended, unless it is to train longer."""
        then, state, changed = saved.record, saved.parts, saved.has_other_length(self.experiment)
        with saved.trusted():
            then.check_place(trainer.num_steps, trainer.sizes.num_batches)
            saved.check_weights(trainer.module)
            trainer.load(state, then.step)
            saved.check_optimizer(trainer.stepper.optimizer)
            self.best.load(state["best"])
            self.patience.load(state["patience"], anew=changed and then.outcome == "early_stopped")
        self.epoch, self.step, self.last, self.untold = then.epoch, then.step, then.last, then.untold
        if not changed and then.outcome in ("early_stopped", "diverged"):
            self.outcome, self.reason = then.outcome, then.reason
        self.watch.restart(then.seconds)
        found = saved.cautions_of_length(self.experiment, trainer.sizes)
        return [Warned(run=self.id, message=str(problem)) for problem in found]

    def _memory_remedy(self) -> str:
        training = self.experiment.training
        return (
            f"out of memory on {self.device}; use a smaller training.batch_size "
            f"(now {training.batch_size}), a smaller model, or training.precision = bfloat16"
        )
