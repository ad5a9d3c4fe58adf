"""A study as it stands: its slots, what their runs have told so far, and what that comes to."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from statistics import median

from normlab.analysis.judge import judge
from normlab.analysis.trial import Trial
from normlab.analysis.verdict import Verdict
from normlab.components.datasets import Dataset
from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.engine.events import Event, Point
from normlab.lab.presets import Preset
from normlab.lab.study import Cell
from normlab.store.slots import COUNTED, Slot, slots
from normlab.store.store import Store
from normlab.store.studies import KeptStudy
from normlab.views.history import History
from normlab.views.recall import recall

Place = tuple[str, int]
"""A cell's name and a seed."""


@dataclass
class Board:
    """A study's runs in a grid: a row for each cell, a column for each seed. Fold events into it."""

    study: KeptStudy
    histories: dict[Place, History] = field(default_factory=dict[Place, History])
    """Of the runs that have begun."""
    runs: dict[Place, str] = field(default_factory=dict[Place, str])
    """Their ids."""
    environments: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """What kept runs ran with, by id."""
    retried: dict[Place, int] = field(default_factory=dict[Place, int])
    """How many attempts failed before the run that stands there."""
    version: int = 0
    """Grows whenever something has changed."""
    _judged: tuple[int, list[Verdict]] = (-1, [])
    _trials: dict[Place, Trial] = field(default_factory=dict[Place, Trial])
    """Of the runs that have ended, which never change."""

    @cached_property
    def preset(self) -> Preset:
        """What is to be run."""
        return self.study.preset

    @cached_property
    def cells(self) -> Sequence[Cell]:
        """The rows."""
        return self.preset.cells

    @cached_property
    def seeds(self) -> Sequence[int]:
        """The columns."""
        return self.preset.seeds

    @property
    def num_runs(self) -> int:
        """How many runs the study asks for."""
        return len(self.cells) * len(self.seeds)

    @property
    def num_ended(self) -> int:
        """How many of them have come to an end that counts."""
        return len(self._trials)

    @property
    def is_complete(self) -> bool:
        """Whether all have."""
        return self.num_ended == self.num_runs

    def fold(self, slot: Slot, event: Event) -> None:
        """Take in an event of a slot's run."""
        place = slot.cell.name, slot.seed
        if self.runs.get(place) != event.run:
            self.runs[place], self.histories[place] = event.run, History(slot.cell.name, slot.experiment)
            self.retried[place] = slot.num_failed + (slot.has_ended and not slot.is_done)
        self.histories[place].fold(event)
        self._note(place)

    def take(self, slot: Slot, store: Store) -> None:
        """Take in the kept run of a slot, where there is one that has ended or goes on elsewhere.

        Raises: StoreError where it is damaged.
        """
        if slot.run is None:
            return
        place = slot.cell.name, slot.seed
        self.runs[place], self.histories[place] = slot.run.id, recall(slot.run, store)
        self.environments[slot.run.id] = slot.run.environment
        self.retried[place] = slot.num_failed
        self._note(place)

    def _note(self, place: Place) -> None:
        """Note that something has changed at a place."""
        history = self.histories[place]
        if history.outcome in COUNTED:
            self._trials[place] = trial(place[1], history)
        else:
            self._trials.pop(place, None)
        self.version += 1

    def cell_histories(self, cell: str) -> dict[int, History]:
        """Give the runs of a cell by seed, those that have begun."""
        return {seed: self.histories[cell, seed] for seed in self.seeds if (cell, seed) in self.histories}

    def outcomes(self) -> Counter[str]:
        """Count how the runs ended."""
        return Counter(history.outcome for history in list(self.histories.values()) if history.outcome)

    @property
    def trials(self) -> Mapping[str, Mapping[int, Trial]]:
        """Give what statistics need of the runs that have ended, by cell and seed."""
        return {cell.name: self.cell_trials(cell.name) for cell in self.cells}

    def cell_trials(self, cell: str) -> dict[int, Trial]:
        """Give what statistics need of a cell's runs that have ended, by seed."""
        return {seed: self._trials[cell, seed] for seed in self.seeds if (cell, seed) in self._trials}

    @property
    def verdicts(self) -> list[Verdict]:
        """Judge the claims."""
        if self._judged[0] != self.version:
            missing = self.num_runs - self.num_ended
            self._judged = self.version, judge(self.preset, self.trials, self.study.looks, missing)
        return self._judged[1]


def recall_board(study: KeptStudy, store: Store, found: Iterable[Slot] | None = None) -> Board:
    """Set up a study's board with all that is kept of it.

    Raises: StoreError where a run of it is damaged; ConfigError where another version made the study.
    """
    board = Board(study)
    for slot in slots(store, study) if found is None else found:
        board.take(slot, store)
    return board


def trial(seed: int, history: History) -> Trial:
    """Give what statistics need of a run that has ended."""
    assert history.outcome is not None, "the run has ended"
    num_classes, num_val = _data(history.experiment.dataset)
    return Trial(
        seed=seed,
        outcome=history.outcome,
        best=history.best,
        last=history.last,
        points=history.points,
        num_steps=history.num_steps,
        num_epochs=history.experiment.training.epochs,
        seconds=history.seconds,
        samples_per_second=_speed(history.points),
        num_classes=num_classes,
        num_val=num_val,
    )


def _speed(points: Sequence[Point]) -> float | None:
    """Give the median of the speeds between evaluations: one alone may have met a busy machine."""
    found = [point.metrics["samples_per_second"] for point in points if "samples_per_second" in point.metrics]
    return median(found) if found else None


@lru_cache(maxsize=256)
def _data(dataset: Dataset) -> tuple[int, int]:
    """Count classes and validation samples; 0 where the file is gone: the run is still what it was."""
    try:
        outline = dataset.outline(places.data())
    except NormlabError:
        return 0, 0
    return outline.num_classes, dataset.split_sizes(outline)[1]
