"""How long a study still takes, told before it starts: from runs that are kept, and from short trials."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean, median

from normlab.core import places
from normlab.engine.device import pick_device
from normlab.engine.events import Measured, Preparing, Progress, RunStarted
from normlab.lab.batches import batch_sizes, num_steps
from normlab.lab.experiment import Experiment
from normlab.lab.settings import leaves
from normlab.scale.jobs import num_cpus
from normlab.store.slots import Slot

START_SECONDS = 5.0
"""What a worker process takes before its first run: it imports torch."""
# Beside its training a run is written down: its rows, weights and state, flushed to the disk.
_KEEPING_SECONDS = 0.05
_MAX_TRIALS = 6
_TRIAL_SECONDS = 0.3
_TOTAL_SECONDS = 3.0
# A step that is larger isn't tried, for nothing can break it off. The speed is about that of one CPU thread.
_MAX_OPERATIONS = 5e10
_OPERATIONS_PER_SECOND = 3e10


@dataclass(frozen=True)
class Estimate:
    """What a study asks for. Runs that may stop early are counted in full."""

    num_runs: int
    num_done: int
    num_left: int
    """Neither done nor under way elsewhere."""
    run_seconds: float | None
    """Of those that are left, one after the other; none where that can't be told, as before a download."""
    jobs: int = 1

    @property
    def seconds(self) -> float | None:
        """Time that is left, with the jobs that were asked about."""
        return self.seconds_with(self.jobs)

    def seconds_with(self, jobs: int) -> float | None:
        """Time that is left with another number of jobs.

        >>> Estimate(num_runs=12, num_done=2, num_left=10, run_seconds=100.0).seconds_with(1)
        100.0
        """
        if self.run_seconds is None or jobs == 1 or not self.num_left:
            return self.run_seconds
        rounds = math.ceil(self.num_left / min(jobs, num_cpus()))
        return rounds * self.run_seconds / self.num_left + START_SECONDS


def estimate(slots: Iterable[Slot], device: str, jobs: int = 1) -> Estimate:
    """Estimate the time that a study still takes; where little is known, by trials of a few seconds in all.

    Settings whose runs are kept take as long again. Of the others at most six are trained for a moment, in
    this process and unrecorded; the rest are taken to be as quick a step as the nearest of those.

    Raises: ConfigError for a device that isn't there.
    """
    place = str(pick_device(device))
    groups: dict[frozenset[tuple[str, object]], _Group] = {}
    group_of: dict[str, _Group] = {}
    num_runs = num_done = 0
    for slot in slots:
        num_runs += 1
        if (group := group_of.get(slot.cell.name)) is None:
            group = groups.setdefault(_alike(slot.experiment), _Group(slot.experiment))
            group_of[slot.cell.name] = group
        if slot.is_done and slot.run is not None:
            num_done += 1
            created, finished = slot.run.created, slot.run.finished or slot.run.created
            group.known.append(slot.run.seconds)
            group.beside.append(max(0.0, finished - created - slot.run.seconds))
        elif not slot.is_under_way:
            group.left += 1
    needed = [group for group in groups.values() if group.left]
    seconds = _seconds(needed, place)
    return Estimate(num_runs, num_done, sum(group.left for group in needed), seconds, jobs)


@dataclass
class _Group:
    """Runs that take the same time: their settings differ in numbers that no speed depends on."""

    experiment: Experiment
    left: int = 0
    known: list[float] = field(default_factory=list[float])
    """Seconds of training of each kept run."""
    beside: list[float] = field(default_factory=list[float])
    """What each took beside its training: data, files, and pauses."""
    pace: "_Pace | None" = None

    @property
    def is_here(self) -> bool:
        """Whether its data needs no download."""
        sources = getattr(self.experiment.dataset, "sources", None)
        return sources is None or all(file.exists() for file in sources(places.data()))

    @property
    def known_seconds(self) -> float:
        """What one run takes, where some are kept."""
        return fmean(self.known) + median(self.beside)


@dataclass(frozen=True)
class _Length:
    """A training's length: an evaluation counts as the steps that take as long."""

    num_steps: int
    every: int
    evaluation: float

    @staticmethod
    def of(experiment: Experiment) -> "_Length":
        training, data = experiment.training, experiment.dataset
        num_train, num_val = data.split_sizes(data.outline(places.data()))
        sizes = batch_sizes(training, num_train)
        every = training.evaluate_every * (sizes.num_batches if training.unit == "epoch" else 1)
        # Forward alone is about a third of a step's work.
        return _Length(num_steps(training, sizes.num_batches), every, num_val / sizes.size / 3)

    def until(self, step: int) -> float:
        return step + step // self.every * self.evaluation


@dataclass(frozen=True)
class _Pace:
    """How quick a run is."""

    preparation_seconds: float
    step_seconds: float

    def seconds(self, length: _Length) -> float:
        return (
            self.preparation_seconds + self.step_seconds * length.until(length.num_steps) + _KEEPING_SECONDS
        )


def _alike(experiment: Experiment) -> frozenset[tuple[str, object]]:
    """Give what a run's time depends on: kinds and whole numbers, not rates."""
    return frozenset(
        (path, str(value))
        for path, value in leaves(experiment)
        if not isinstance(value, float) and path != "seed"
    )


def _seconds(groups: list[_Group], device: str) -> float | None:
    unknown = [group for group in groups if not group.known]
    if not all(group.is_here for group in unknown):
        return None
    tried = [unknown[index] for index in _spread(len(unknown), _MAX_TRIALS)]
    if tried:
        _try(tried[0].experiment, device, seconds=0.0)  # what a process's first run imports is paid here
    until = time.monotonic() + _TOTAL_SECONDS
    for group in tried:
        if group is tried[0] or time.monotonic() < until:
            group.pace = _try(group.experiment, device, _TRIAL_SECONDS)
    paces = [(index, group.pace) for index, group in enumerate(unknown) if group.pace]
    if unknown and not paces:
        return None
    total = sum(group.left * group.known_seconds for group in groups if group.known)
    for index, group in enumerate(unknown):
        _, nearest = min(paces, key=lambda pair: abs(pair[0] - index))
        total += group.left * nearest.seconds(_Length.of(group.experiment))
    return total


def _spread(count: int, most: int) -> list[int]:
    """Choose places of a list, evenly, the first and the last among them.

    >>> _spread(11, 3)
    [0, 5, 10]
    """
    if count <= most:
        return list(range(count))
    return [round(index * (count - 1) / (most - 1)) for index in range(most)]


def _try(experiment: Experiment, device: str, seconds: float) -> _Pace | None:
    """Train for a moment, unrecorded; none for what raises, for its data may only be missing as yet."""
    from normlab.engine.loop import run
    from normlab.engine.trainer import operations_per_step

    began, prepared, points = time.monotonic(), 0.0, list[tuple[float, float]]()
    try:
        length, operations = _Length.of(experiment), operations_per_step(experiment)
        is_long = device == "cpu" and operations > _MAX_OPERATIONS
        events = run(experiment, device=device, num_threads=1, time_limit_seconds=seconds)
        for event in events:
            match event:
                case Preparing():
                    break
                case RunStarted():
                    prepared = time.monotonic() - began
                    if is_long:
                        events.close()
                        return _Pace(prepared, operations / _OPERATIONS_PER_SECOND)
                case Progress():
                    points.append((length.until(event.step), event.seconds))
                case Measured():
                    points.append((length.until(event.step), event.metrics["seconds"]))
                case _:
                    pass
        events.close()
    except Exception:
        return None
    if len(points) > 1:  # the first step is slow
        (first, then), (last, now) = points[0], points[-1]
        return _Pace(prepared, (now - then) / (last - first))
    return _Pace(prepared, points[0][1] / points[0][0] if points else 0.0)
