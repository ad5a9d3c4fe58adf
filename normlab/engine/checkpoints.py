"""The files of a run's folder: when they are due, and writing them."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from normlab.core.errors import Problem
from normlab.core.files import Bytes, write_atomically, write_together
from normlab.core.text import visible
from normlab.engine.best import Best
from normlab.engine.events import CheckpointSaved, Event, Point, Warned
from normlab.engine.nested import pack
from normlab.engine.resuming import VERSION
from normlab.engine.sealed import seal, sha256
from normlab.engine.stopwatch import Stopwatch
from normlab.lab.experiment import Experiment
from normlab.lab.settings import to_tree
from normlab.lab.toml import update_toml

STATE = "state.safetensors"
"""The file that a run is resumed from."""

# What a kill may cost.
_EVERY_SECONDS = 10.0
# Saving takes a twentieth of the time at most, however large the model and slow the disk.
_SHARE = 1 / 20

Name = Literal["best", "last", "state"]


class Checkpoints:
    """Writes a run's files: the experiment, its best and last weights, and its state, which needs no other.

    `every`: epochs, or steps where training is counted in steps, between checkpoints; none goes by time.
    """

    def __init__(
        self, folder: Path, run_id: str, experiment: Experiment, every: int | None, watch: Stopwatch
    ) -> None:
        self.folder, self.id, self._experiment, self._every = folder, run_id, experiment, every
        self._watch, self._saved_at, self._cost = watch, 0.0, 0.0
        self._length = 0
        self._best_step: int | None = None
        self._failed = False

    def begin(self, arm: str, epoch: int, step: int) -> list[Event]:
        """Write the experiment, when training begins at that epoch and step."""
        self._length, self._saved_at = self._place(epoch, step), time.monotonic()
        title = f"Run {self.id}: {visible(arm, 40)}, seed {self._experiment.seed}"
        text = update_toml("", {"title": title, "experiment": to_tree(self._experiment)})
        try:
            with self._watch.still():
                write_atomically(self.folder / "experiment.toml", text.encode())
        except OSError as error:
            return self._fault(error)
        return []

    def due(self, epoch: int, step: int, evaluated: bool) -> bool:
        """Tell whether to save now, after an evaluation or between two."""
        if self._every is not None:
            return evaluated and self._place(epoch, step) - self._length >= self._every
        return time.monotonic() - self._saved_at >= max(_EVERY_SECONDS, self._cost / _SHARE)

    def save(
        self, here: Point, weights: Mapping[str, Tensor], best: Best, state: Mapping[str, Any] | None
    ) -> list[Event]:
        """Write the weights of the best evaluation, and where there is a state, it and the weights of now.

        Without one a step was broken off, so that the weights are of no moment at all.
        A full disk, or a folder that can't be written, is a warning: told once until it works again.
        """
        files: dict[Name, tuple[Point, list[Bytes]]] = {}
        started = time.perf_counter()
        with self._watch.still():
            if best.point is not None and best.point.step != self._best_step:
                files["best"] = (best.point, self._seal_weights(best.weights, best.point))
            if state is not None:
                files["last"] = (here, self._seal_weights(weights, here))
                text, tensors = pack(state)
                files["state"] = (here, seal(tensors, {"version": str(VERSION), "state": text}))
            try:
                write_together(
                    self.folder, {f"{name}.safetensors": pieces for name, (_, pieces) in files.items()}
                )
                told = [self._saved(name, point, pieces) for name, (point, pieces) in files.items()]
                self._best_step, self._failed = best.point.step if best.point else None, False
            except OSError as error:
                told = self._fault(error)
        self._length, self._saved_at = self._place(here.epoch, here.step), time.monotonic()
        self._cost = time.perf_counter() - started
        return told

    def _saved(self, name: Name, point: Point, pieces: list[Bytes]) -> Event:
        return CheckpointSaved(
            run=self.id,
            name=name,
            path=str(self.folder / f"{name}.safetensors"),
            sha256=sha256(pieces),
            epoch=point.epoch,
            step=point.step,
        )

    def _seal_weights(self, weights: Mapping[str, Tensor], point: Point) -> list[Bytes]:
        return seal(weights, {"run": self.id, "point": json.dumps(point.model_dump(mode="json"))})

    def _place(self, epoch: int, step: int) -> int:
        return epoch if self._experiment.training.unit == "epoch" else step

    def _fault(self, error: OSError) -> list[Event]:
        known, self._failed = self._failed, True
        remedy = "free space, or set NORMLAB_HOME to another folder"
        problem = Problem(str(self.folder), f"weights can't be saved: {error.strerror}", remedy)
        return [] if known else [Warned(run=self.id, message=str(problem))]
