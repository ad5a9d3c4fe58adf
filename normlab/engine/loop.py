"""run(experiment) -> events: the training loop."""

import math
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from normlab.core import places
from normlab.core.errors import Problem
from normlab.core.files import write_atomically
from normlab.core.text import visible
from normlab.engine.best import Best, Patience
from normlab.engine.checkpoints import write_weights
from normlab.engine.control import Control
from normlab.engine.data import prepare, read, scaler
from normlab.engine.device import is_out_of_memory, pick_device
from normlab.engine.events import (
    CheckpointSaved,
    Event,
    Measured,
    Outcome,
    Point,
    Preparing,
    Probed,
    Progress,
    RunFinished,
    RunStarted,
    Warned,
)
from normlab.engine.ids import new_run_id
from normlab.engine.module import num_parameters
from normlab.engine.probe import Probe
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.torch_state import choose_threads, holding
from normlab.engine.trainer import Trainer, operations_per_step
from normlab.lab.checks import check
from normlab.lab.experiment import Experiment
from normlab.lab.settings import to_tree
from normlab.lab.toml import update_toml

_PROGRESS_SECONDS = 0.1
_PROBE_SECONDS = 0.5


def run(
    experiment: Experiment,
    *,
    device: str = "auto",
    arm: str = "baseline",
    control: Control | None = None,
    folder: Path | str | None = None,
    run_id: str | None = None,
    probe: bool = False,
) -> Generator[Event]:
    """Train an experiment, telling what happens as events; nothing happens until they are pulled.

    `device`: auto, cpu, cuda, cuda:N or mps. `control` stops the run from another thread. With `folder`,
    the experiment and the best and last weights are written there, however the run ends. With `probe`,
    what the model answers is told too, where samples are one number or two; that changes nothing else.
    The same experiment gives the same events, times apart, on the same machine and thread count.

    Divergence, a stop and memory that runs out are outcomes of the last event, RunFinished.
    Raises: ConfigError, at once, for settings that can't be run or a device that isn't there;
    DataError, from the first events, for data that can't be had.
    """
    warnings = check(experiment)
    place, kept = pick_device(device), None if folder is None else Path(folder)
    num_threads = choose_threads(operations_per_step(experiment))
    session = _Session(
        experiment,
        place,
        num_threads,
        arm,
        control or Control(),
        kept,
        run_id or new_run_id(),
        warnings,
        probe,
    )
    events = session.watch.around(session.events())
    if probe:
        events = session.probing(events)
    return holding(events, num_threads, experiment.training.deterministic)


class _Session:
    """One run under way."""

    def __init__(
        self,
        experiment: Experiment,
        device: torch.device,
        num_threads: int,
        arm: str,
        control: Control,
        folder: Path | None,
        run_id: str,
        warnings: list[Problem],
        wants_probe: bool,
    ) -> None:
        self.experiment, self.device, self.arm = experiment, device, arm
        self.num_threads = num_threads
        self.control, self.folder, self.id, self.warnings = control, folder, run_id, warnings
        self.wants_probe = wants_probe
        self.watch = Stopwatch()
        self.outcome: Outcome = "completed"
        self.reason: str | None = None
        self.trainer: Trainer | None = None
        self.probe: Probe | None = None
        self.best: Best | None = None
        self.last: Point | None = None
        self.epoch = self.step = 0

    def events(self) -> Generator[Event]:
        """Prepare, train, save, and tell the outcome."""
        try:
            yield from self._fetch()
            trainer = self._prepare()
            self.watch.restart()  # the first run of a process imports much; times are to be compared
            yield self._started(trainer)
            for warning in self.warnings:
                yield Warned(run=self.id, message=str(warning))
            yield from self._train(trainer)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.outcome, self.reason = "oom", self._memory_remedy()
        finally:
            saved = self._save()
        yield from saved
        best = self.best.point if self.best else None
        seconds = self.watch.seconds
        yield RunFinished(
            run=self.id, outcome=self.outcome, reason=self.reason, best=best, last=self.last, seconds=seconds
        )

    def probing(self, events: Generator[Event]) -> Generator[Event]:
        """Pass events on, and tell the answers before an evaluation, twice a second at most, and at the end.

        Before, for who pauses at the evaluation is to see its picture.
        This receives what the stopwatch passes on, so that it stands still meanwhile.
        """
        probed, told = 0, -math.inf
        with closing(events):
            for event in events:
                due = isinstance(event, Measured) and time.monotonic() - told >= _PROBE_SECONDS
                if due or (isinstance(event, RunFinished) and self.step > probed):
                    yield from self._look()
                    probed, told = self.step, time.monotonic()
                yield event

    def _look(self) -> list[Probed]:
        if self.trainer is None or self.probe is None:
            return []
        try:
            return [self.probe.look(self.id, self.epoch, self.step, self.trainer.answer)]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return []  # a run must not end because of its picture

    def _fetch(self) -> Iterator[Event]:
        for part in self.experiment.dataset.fetch(places.data()):
            yield Preparing(
                run=self.id, what=part.what, done_bytes=part.done_bytes, total_bytes=part.total_bytes
            )

    def _prepare(self) -> Trainer:
        experiment, folder = self.experiment, places.data()
        train, val = read(experiment, folder)
        scaled = scaler(experiment.dataset, train.x)
        data = prepare(experiment, train, val, scaled, self.device)
        outline = experiment.dataset.outline(folder)
        if self.wants_probe and outline.shape in ((1,), (2,)):
            num_classes = outline.num_classes if outline.task == "classification" else None
            self.probe = Probe(train, val, scaled, num_classes, self.device)
        self.trainer = Trainer(experiment, data, folder, self.device, self.watch)
        self.best = Best(self.experiment, self.trainer.module, keep_weights=self.folder is not None)
        return self.trainer

    def _started(self, trainer: Trainer) -> RunStarted:
        return RunStarted(
            run=self.id,
            arm=self.arm,
            seed=self.experiment.seed,
            experiment=self.experiment,
            device=str(self.device),
            num_threads=self.num_threads,
            num_parameters=num_parameters(trainer.module),
            num_train=trainer.data.num_train,
            num_val=trainer.data.num_val,
            steps_per_epoch=trainer.sizes.num_batches,
            num_steps=trainer.num_steps,
        )

    def _train(self, trainer: Trainer) -> Iterator[Event]:
        training, control, watch = self.experiment.training, self.control, self.watch
        every = training.evaluate_every * (trainer.sizes.num_batches if training.unit == "epoch" else 1)
        evaluation = min(every, trainer.num_steps)
        patience = Patience(self.experiment)
        told = watch.seconds
        while self.step < trainer.num_steps:
            self.epoch += 1
            for x, y in trainer.epoch(self.epoch):
                if control.outcome is not None:
                    self.outcome, self.reason = control.outcome, control.reason
                    return
                trainer.step(self.step, x, y, wants_norm=self.step + 1 == evaluation)
                self.step += 1
                if self.step == evaluation:
                    metrics = trainer.measure()
                    self.last = point = Point(epoch=self.epoch, step=self.step, metrics=metrics)
                    assert self.best is not None
                    self.best.observe(point)
                    yield Measured(run=self.id, epoch=self.epoch, step=self.step, metrics=metrics)
                    self._judge(point, patience)
                    if self.outcome != "completed" or self.step == trainer.num_steps:
                        return
                    evaluation = min(self.step + every, trainer.num_steps)
                    told = watch.seconds
                elif (now := watch.seconds) - told > _PROGRESS_SECONDS:
                    told = now
                    if training.on_divergence == "stop" and not trainer.loss_is_finite:
                        self.outcome, self.reason = (
                            "diverged",
                            f"train_loss is not finite at step {self.step}",
                        )
                        return
                    yield Progress(run=self.id, epoch=self.epoch, step=self.step, seconds=now)

    def _judge(self, point: Point, patience: Patience) -> None:
        """Note the outcome where an evaluation ends the run."""
        training = self.experiment.training
        odd = [name for name in ("train_loss", "val_loss") if not math.isfinite(point.metrics.get(name, 0.0))]
        if odd and training.on_divergence == "stop":
            at = point.epoch if training.unit == "epoch" else point.step
            self.outcome = "diverged"
            self.reason = f"{odd[0]} is {point.metrics[odd[0]]} at {training.unit} {at}"
        elif reason := patience.ends(point):
            self.outcome, self.reason = "early_stopped", reason

    def _save(self) -> list[Event]:
        """Write the experiment and the weights, where a folder is given; a full disk is a warning."""
        if self.folder is None or self.trainer is None or self.best is None:
            return []
        saved: list[Event] = []
        metrics = self.last.metrics if self.last and self.last.step == self.step else {}
        here = Point(epoch=self.epoch, step=self.step, metrics=metrics)
        try:
            title = f"Run {self.id}: {visible(self.arm, 40)}, seed {self.experiment.seed}"
            experiment = update_toml("", {"title": title, "experiment": to_tree(self.experiment)})
            write_atomically(self.folder / "experiment.toml", experiment.encode())
            if self.best.point is not None:
                saved.append(self._checkpoint("best", self.best.weights, self.best.point))
            saved.append(self._checkpoint("last", self.trainer.module.state_dict(), here))
        except OSError as error:
            remedy = "free space, or set NORMLAB_HOME to another folder"
            problem = Problem(str(self.folder), f"weights can't be saved: {error.strerror}", remedy)
            saved.append(Warned(run=self.id, message=str(problem)))
        return saved

    def _checkpoint(self, name: Literal["best", "last"], weights: dict[str, Tensor], point: Point) -> Event:
        assert self.folder is not None
        path = self.folder / f"{name}.safetensors"
        digest = write_weights(path, weights, point)
        return CheckpointSaved(
            run=self.id, name=name, path=str(path), sha256=digest, epoch=point.epoch, step=point.step
        )

    def _memory_remedy(self) -> str:
        training = self.experiment.training
        return (
            f"out of memory on {self.device}; use a smaller training.batch_size "
            f"(now {training.batch_size}), a smaller model, or training.precision = bfloat16"
        )
