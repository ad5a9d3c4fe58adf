"""How long a study still takes, told before it starts: from runs that are kept, and from short trials."""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, median

from normlab.core import places
from normlab.engine.device import pick_device
from normlab.lab.experiment import Experiment
from normlab.lab.settings import leaves
from normlab.scale.jobs import num_cpus
from normlab.scale.trial import Length, Pace, try_out
from normlab.store.kept import KeptRun
from normlab.store.slots import Slot

START_SECONDS = 5.0
"""What a worker process takes before its first run: it imports torch."""
_MAX_TRIALS = 6
_TRIAL_SECONDS = 0.3
_TOTAL_SECONDS = 3.0
_MAX_TOGETHER = 4  # more make a trial longer, and each run of it little quicker


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
            group.known.append(slot.run)
        elif not slot.is_under_way:
            group.left += 1
    needed = [group for group in groups.values() if group.left]
    spent = _spent(run for group in groups.values() for run in group.known)
    seconds = _seconds(needed, place, spent)
    return Estimate(num_runs, num_done, sum(group.left for group in needed), seconds, jobs)


@dataclass
class _Group:
    """Runs that take the same time: their settings differ in numbers that no speed depends on."""

    experiment: Experiment
    left: int = 0
    known: list[KeptRun] = field(default_factory=list[KeptRun])
    """Runs of it that are made."""
    pace: Pace | None = None

    @property
    def is_here(self) -> bool:
        """Whether its data needs no download."""
        sources = getattr(self.experiment.dataset, "sources", None)
        return sources is None or all(file.exists() for file in sources(places.data()))

    def try_out(self, device: str, seconds: float) -> None:
        """Measure the pace, in a cohort where its runs will be trained in one."""
        self.pace = try_out(self.experiment, device, seconds, min(self.left, _MAX_TOGETHER))

    def known_seconds(self, spent: Mapping[str, float]) -> float:
        """What one run takes, where some are kept: training, and beside it data, files and pauses."""
        beside = median(max(0.0, spent[run.id] - run.seconds) for run in self.known)
        return fmean(run.seconds for run in self.known) + beside


def _spent(runs: Iterable[KeptRun]) -> dict[str, float]:
    """Give the seconds from each run's begin to its end; runs under way together share them.

    Those of a cohort do, and so do their training's seconds. Those of other jobs seem to, so that what such
    runs took beside their training counts for little.
    """
    made = [(run.id, run.created, run.finished or run.created) for run in runs]
    moments = sorted([(begin, 1) for _, begin, _ in made] + [(end, -1) for _, _, end in made])
    until, share, num_under_way, before = dict[float, float](), 0.0, 0, 0.0
    for moment, change in moments:
        share += (moment - before) / num_under_way if num_under_way else 0.0
        until[moment] = share
        num_under_way, before = num_under_way + change, moment
    return {run: until[end] - until[begin] for run, begin, end in made}


def _alike(experiment: Experiment) -> frozenset[tuple[str, object]]:
    """Give what a run's time depends on: kinds and whole numbers, not rates."""
    return frozenset(
        (path, str(value))
        for path, value in leaves(experiment)
        if not isinstance(value, float) and path != "seed"
    )


def _seconds(groups: list[_Group], device: str, spent: Mapping[str, float]) -> float | None:
    unknown = [group for group in groups if not group.known]
    if not all(group.is_here for group in unknown):
        return None
    tried = [unknown[index] for index in _spread(len(unknown), _MAX_TRIALS)]
    if tried:
        tried[0].try_out(device, seconds=0.0)  # what a process's first run imports is paid here
    until = time.monotonic() + _TOTAL_SECONDS
    for group in tried:
        if group is tried[0] or time.monotonic() < until:
            group.try_out(device, _TRIAL_SECONDS)
    paces = [(index, group.pace) for index, group in enumerate(unknown) if group.pace]
    if unknown and not paces:
        return None
    total = sum(group.left * group.known_seconds(spent) for group in groups if group.known)
    for index, group in enumerate(unknown):
        _, nearest = min(paces, key=lambda pair: abs(pair[0] - index))
        total += group.left * nearest.seconds(Length.of(group.experiment))
    return total


def _spread(count: int, most: int) -> list[int]:
    """Choose places of a list, evenly, the first and the last among them.

    >>> _spread(11, 3)
    [0, 5, 10]
    """
    if count <= most:
        return list(range(count))
    return [round(index * (count - 1) / (most - 1)) for index in range(most)]
