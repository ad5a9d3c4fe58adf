"""Events of one run, turned into jobs for the writer."""

import math
import time
from collections import deque
from contextlib import suppress

import apsw

from normlab.core.errors import NormlabError
from normlab.engine.events import (
    CheckpointSaved,
    Event,
    Held,
    Measured,
    Outcome,
    Point,
    Preparing,
    Progress,
    RunCreated,
    RunFinished,
    RunStarted,
    Saving,
)
from normlab.lab.experiment import Experiment
from normlab.lab.metrics import beats
from normlab.store import rows
from normlab.store.environment import environment
from normlab.store.find import find_all
from normlab.store.folder import write_record
from normlab.store.interrupted import next_sequence
from normlab.store.slots import Slot, claim
from normlab.store.store import Store
from normlab.store.writer import Job, Ticket

_PLACE_SECONDS = 0.4
"""Between two notes of how far a run is."""


class Keeper:
    """Keeps one run, but for the events that only say that it is alive."""

    def __init__(self, store: Store, slot: Slot | None = None) -> None:
        self.store, self.slot = store, slot
        self.run = ""
        self._number = 0
        self._creation: Ticket | None = None
        """Of the run's row; where that fails, nothing of the run is written."""
        self.ended = False
        """Whether the run has said how it ended."""
        self._base = self._sequence = 0
        self._step, self._seconds = 0, 0.0
        self._noted = -math.inf
        self._experiment: Experiment | None = None
        self._best: Point | None = None
        self._last: Point | None = None
        self._pending: deque[Ticket] = deque()
        """What the writer may still have, but for the run's beginning."""

    @property
    def begun(self) -> bool:
        """Whether there is a row of this run, which is this process's, or one is being written."""
        return self._creation is not None and not self._creation.has_failed

    def keep(self, event: Event) -> Ticket | None:
        """Hand an event to the writer; give a ticket where it must be on the disk before it is told."""
        self.run = event.run
        match event:
            case Preparing() | Held() | Saving():
                return None
            case RunCreated():
                return self._create(event)
            case Progress():
                self._step, self._seconds = event.step, event.seconds
                if time.monotonic() - self._noted > _PLACE_SECONDS:
                    self._noted = time.monotonic()
                    epoch, step, seconds = event.epoch, event.step, event.seconds
                    self._submit(
                        lambda c: rows.update_place(c, self._number, epoch, step, seconds), late=True
                    )
                return None
            case Measured():
                return self._submit(self._measured(event))
            case RunFinished():
                return self._finish(event)
            case RunStarted():
                self._hand_over(self._told(event), late=True)
                return None
            case _:
                ticket = self._submit(self._told(event), late=not isinstance(event, CheckpointSaved))
                return ticket if isinstance(event, CheckpointSaved) else None

    def withdraw(self) -> None:
        """Give up what is not on the disk yet: the space that is kept for a run's end may not hold all that a
        fast one has measured meanwhile.
        """
        self.store.writer.withdraw(self._pending)

    def finish(self, outcome: Outcome, reason: str) -> tuple[RunFinished, Ticket]:
        """End a run that did not say itself how it ended."""
        best, last = _point(self._best), _point(self._last)
        event = RunFinished(
            run=self.run, outcome=outcome, reason=reason, best=best, last=last, seconds=self._seconds
        )
        return event, self._finish(event)

    def _submit(self, job: Job, late: bool = False) -> Ticket:
        while self._pending and self._pending[0].is_settled:
            self._pending.popleft()
        self._pending.append(self._hand_over(job, late=late))
        return self._pending[-1]

    def _hand_over(self, job: Job, late: bool) -> Ticket:
        def write(connection: apsw.Connection) -> None:
            if self.begun:  # else its number is nobody's, or by now another's
                job(connection)

        return self.store.writer.submit(write, late=late)

    def write_folder(self) -> None:
        """Write the whole run into its folder too, so that it can be taken elsewhere."""
        with suppress(OSError, NormlabError):  # the store has it all; the copy can be made again
            write_record(self.store, self.run)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _create(self, event: RunCreated) -> Ticket:
        self.store.folder(event.run)  # an id that could name another place is refused
        self._experiment = event.experiment
        if found := find_all(self.store, [event.run]):  # it is resumed
            self._best, self._last, self._step = found[0].best, found[0].last, found[0].step
        own = event.run if self.begun else None  # it is begun again, where its worker process died

        def create(connection: apsw.Connection) -> None:
            owner = self.store.owner(connection)
            if self.slot is not None:
                claim(self.store, self.slot, own=own)
            self._number, is_new = rows.insert_run(connection, event, owner)
            rows.mark_run(connection, self._number, event)
            self._base = next_sequence(connection, self._number)
            if is_new:
                rows.insert_event(connection, self._number, 0, self._base, event)

        ticket = self.store.writer.submit(create)
        if own is None:
            self._creation = ticket
        return ticket

    def _told(self, event: Event) -> Job:
        if isinstance(event, RunStarted):
            self._step = event.resumed_at
        # A checkpoint of the best epoch is told now, whichever epoch that was.
        self._step = max(self._step, getattr(event, "step", 0))
        step, sequence = self._step, self._next()
        where = environment(event.device, event.library) if isinstance(event, RunStarted) else {}

        def write(connection: apsw.Connection) -> None:
            rows.insert_event(connection, self._number, step, self._base + sequence, event)
            if isinstance(event, RunStarted):
                rows.start_run(connection, self._number, event, where)
                rows.mark_run(connection, self._number, event)

        return write

    def _measured(self, event: Measured) -> Job:
        assert self._experiment is not None
        best = self._best.metrics if self._best else None
        is_best = beats(event.metrics, best, self._experiment.training.best_metric)
        self._best = event if is_best else self._best
        self._last, self._step, self._seconds = event, event.step, event.metrics["seconds"]
        sequence = self._next()

        def write(connection: apsw.Connection) -> None:
            rows.insert_point(connection, self._number, self._base + sequence, event)
            rows.update_last(connection, self._number, event, is_best)

        return write

    def _finish(self, event: RunFinished) -> Ticket:
        self.ended = True
        step, sequence, now = self._step, self._next(), time.time()

        def write(connection: apsw.Connection) -> None:
            rows.drop_beyond(connection, self._number, step)
            rows.finish_run(connection, self._number, event, now)
            rows.insert_event(connection, self._number, step, self._base + sequence, event)

        return self._submit(write)


def _point(event: Point | None) -> Point | None:
    """Take off what an evaluation has beside its point."""
    return None if event is None else Point(epoch=event.epoch, step=event.step, metrics=event.metrics)
