"""A short trial of a run: how quick it is, told before it is trained."""

import time
from contextlib import closing
from dataclasses import dataclass, replace

from normlab.core import places
from normlab.engine.events import Measured, Preparing, Progress, RunStarted
from normlab.engine.ids import new_run_id
from normlab.lab.batches import batch_sizes, num_steps
from normlab.lab.experiment import Experiment

# Beside its training a run is written down: its rows, weights and state, flushed to the disk.
_KEEPING_SECONDS = 0.05
# A step that is larger isn't tried, for nothing can break it off. The speed is about that of one CPU thread.
_MAX_OPERATIONS = 5e10
_OPERATIONS_PER_SECOND = 3e10


@dataclass(frozen=True)
class Length:
    """A training's length: an evaluation counts as the steps that take as long."""

    num_steps: int
    every: int
    evaluation: float

    @staticmethod
    def of(experiment: Experiment) -> "Length":
        training, data = experiment.training, experiment.dataset
        num_train, num_val = data.split_sizes(data.outline(places.data()))
        sizes = batch_sizes(training, num_train)
        every = training.evaluate_every * (sizes.num_batches if training.unit == "epoch" else 1)
        # Forward alone is about a third of a step's work.
        return Length(num_steps(training, sizes.num_batches), every, num_val / sizes.size / 3)

    def until(self, step: int) -> float:
        return step + step // self.every * self.evaluation


@dataclass(frozen=True)
class Pace:
    """How quick a run is."""

    preparation_seconds: float
    step_seconds: float

    def seconds(self, length: Length) -> float:
        return (
            self.preparation_seconds + self.step_seconds * length.until(length.num_steps) + _KEEPING_SECONDS
        )


def try_out(experiment: Experiment, device: str, seconds: float, num_runs: int) -> Pace | None:
    """Train for a moment, unrecorded; none for what raises, for its data may only be missing as yet.

    So many runs are trained together, where that is possible. One is looked at, whose time is its share.
    """
    from normlab.engine.kinship import cohort_size
    from normlab.engine.loop import run_cohort
    from normlab.engine.request import Request
    from normlab.engine.trainer import operations_per_step

    began, prepared, points = time.monotonic(), 0.0, list[tuple[float, float]]()
    try:
        length, operations = Length.of(experiment), operations_per_step(experiment)
        is_long = device == "cpu" and operations > _MAX_OPERATIONS
        num_others = min(cohort_size(experiment), num_runs) - 1
        request = Request(experiment, run_id=new_run_id(), time_limit_seconds=seconds)
        others = [replace(request, run_id=new_run_id()) for _ in range(num_others)]
        with closing(run_cohort([request, *others], device=device, num_threads=1)) as events:
            for event in events:
                if isinstance(event, Preparing):
                    break
                if event.run != request.run_id:
                    continue
                match event:
                    case RunStarted():
                        prepared = time.monotonic() - began
                        if is_long:
                            return Pace(prepared, operations / _OPERATIONS_PER_SECOND)
                    case Progress():
                        points.append((length.until(event.step), event.seconds))
                    case Measured():
                        points.append((length.until(event.step), event.metrics["seconds"]))
                    case _:
                        pass
    except Exception:
        return None
    if len(points) > 1:  # the first step is slow
        (first, then), (last, now) = points[0], points[-1]
        return Pace(prepared, (now - then) / (last - first))
    return Pace(prepared, points[0][1] / points[0][0] if points else 0.0)
