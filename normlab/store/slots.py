"""A study's slots: a place for each run, and the run that stands there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

from normlab.components.datasets import Dataset
from normlab.core.errors import ConfigError, Problem
from normlab.engine.events import Outcome
from normlab.lab.experiment import Experiment
from normlab.lab.fingerprint import fingerprint
from normlab.lab.study import Cell
from normlab.store.errors import StoreError
from normlab.store.find import find_by_fingerprint, find_run
from normlab.store.kept import KeptRun
from normlab.store.store import Store
from normlab.store.studies import KeptStudy

_FINAL: tuple[Outcome, ...] = ("completed", "early_stopped", "diverged")
"""Outcomes that a new attempt would only repeat."""
_BROKEN: tuple[Outcome, ...] = ("oom", "failed")
"""Those that a new attempt may better."""
COUNTED = (*_FINAL, *_BROKEN)
"""Outcomes that stand in a study's results; a run that was stopped is still to be made."""
_BATCH = 500


class SlotTakenError(StoreError):
    """Another run stands in a slot by now."""


@dataclass(frozen=True)
class Slot:
    """A place of a study for one run: a cell with a seed."""

    cell: Cell
    experiment: Experiment
    fingerprint: str
    run: KeptRun | None = None
    """The run that stands for it: the first that came to its end, else one under way, else the latest."""
    num_failed: int = 0
    """Attempts before it that failed."""
    since: float = 0.0
    """When the weights were made that its run begins with: runs from before began with others."""

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self.experiment.seed

    @property
    def is_done(self) -> bool:
        """Whether its run is made: training again would only repeat it."""
        return self.run is not None and self.run.outcome in _FINAL

    @property
    def has_ended(self) -> bool:
        """Whether a run of it has an end that counts in the results, be it a failure."""
        return self.run is not None and self.run.outcome in COUNTED

    @property
    def is_under_way(self) -> bool:
        """Whether somebody trains it just now."""
        return self.run is not None and self.run.outcome is None


def slots(store: Store, study: KeptStudy) -> Iterator[Slot]:
    """Yield a study's slots, seed by seed and in each arm by arm, with the runs that there are."""
    preset = study.preset
    cells = preset.cells
    places = ((cell, seed) for seed in preset.seeds for cell in cells)
    since = _origin_made(store, study.origin)

    @cache  # a folder of 50,000 images takes 0.2 s to be looked through
    def stamp(dataset: Dataset) -> str:
        return dataset.stamp()

    while batch := list(islice(places, _BATCH)):
        found: list[Slot] = []
        for cell, seed in batch:
            experiment = cell.experiment.model_copy(update={"seed": seed})
            mark = fingerprint(experiment, study.device, study.origin, stamp(experiment.dataset))
            found.append(Slot(cell, experiment, mark, since=since))
        runs = find_by_fingerprint(store, (slot.fingerprint for slot in found))
        yield from (_filled(slot, runs.get(slot.fingerprint, [])) for slot in found)


def look_again(store: Store, slot: Slot) -> Slot:
    """Give a slot with the run that stands in it now."""
    return _filled(slot, find_by_fingerprint(store, [slot.fingerprint]).get(slot.fingerprint, []))


def claim(store: Store, slot: Slot, own: str | None) -> None:
    """See that no other run than `own` is under way for a slot, or done.

    Called by the job that inserts the run: that holds the store's lock, so nobody comes in between.

    Raises: SlotTakenError.
    """
    now = look_again(store, slot)
    if now.run is not None and (now.is_done or (now.is_under_way and now.run.id != own)):
        why = "is done" if now.is_done else "is under way in another process"
        raise SlotTakenError(Problem("slot", f"{why}, as run {now.run.id}", "take that one"))


def _origin_made(store: Store, origin: str | None) -> float:
    """Tell when the run was last trained whose weights a study begins with: it may have been extended."""
    if origin is None:
        return 0.0
    try:
        return find_run(store, origin.partition(":")[0]).finished or 0.0
    except StoreError:
        return 0.0


def _filled(slot: Slot, runs: list[KeptRun]) -> Slot:
    """Put the run into a slot that stands for it: never the one with the best result."""
    same = [run for run in runs if run.created >= slot.since and _experiment(run) == slot.experiment]
    final = [run for run in same if run.outcome in _FINAL]
    live = [run for run in same if run.outcome is None]
    run = next(iter((*final, *live, *same[-1:])), None)
    before = [other for other in same if run is not None and other.number < run.number]
    return replace(slot, run=run, num_failed=sum(other.outcome in _BROKEN for other in before))


def _experiment(run: KeptRun) -> Experiment | None:
    try:
        return run.experiment
    except ConfigError:
        return None  # of another version


def num_complete_seeds(store: Store, study: KeptStudy) -> int:
    """Count the seeds with which every run has an end that counts: so many somebody may have looked at."""
    ended: dict[int, bool] = {}
    for slot in slots(store, study):
        ended[slot.seed] = ended.get(slot.seed, True) and slot.has_ended
    return sum(ended.values())
