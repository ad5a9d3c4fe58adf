"""A run that is being recorded: its events are handed over, and told once they are on the disk."""

import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress

from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.events import (
    Event,
    Held,
    Measured,
    Outcome,
    Point,
    RunCreated,
    RunFinished,
    RunStarted,
    Saving,
    Warned,
)
from normlab.store.keeper import Keeper
from normlab.store.slots import Slot
from normlab.store.store import Store
from normlab.store.writer import Ticket

# Share of an epoch's time that is waited for its commit, where the writer is at it. After that the training
# goes on, and the epoch is told with a later event: so recording costs little whatever the disk.
_PATIENCE = 0.04
_HELD_SECONDS = 0.5
"""Between two words that a run is held."""


class Recorder:
    """Keeps one run: takes its events as they come, and tells those that are on the disk.

    `leave` ends the training where the recording does, which by default it does through the control.
    """

    def __init__(
        self,
        store: Store,
        control: Control,
        *,
        slot: Slot | None = None,
        give_up_seconds: float = 60.0,
        leave: Callable[[], None] | None = None,
    ) -> None:
        self.store, self.control, self.give_up_seconds = store, control, give_up_seconds
        self.has_ended = False
        """Whether all is kept and told; what comes after that is passed over."""
        self._keeper = Keeper(store, slot)
        self._leave = leave or (lambda: control.interrupt("its recording has ended"))
        self._untold: deque[tuple[Event, Ticket | None]] = deque()
        self._last: Measured | None = None
        self._began = time.monotonic()

    @property
    def has_begun(self) -> bool:
        """Whether the run has a row of its own."""
        return self._keeper.begun

    def take(self, event: Event) -> Generator[Event]:
        """Keep an event, and tell what is on the disk by now.

        Raises: SlotTakenError, or another StoreError, for a run that can't be kept.
        """
        if self.has_ended:
            return
        self._last = event if isinstance(event, Measured) else self._last
        if self.store.is_read_only:
            yield event
            if isinstance(event, RunStarted):
                yield Warned(run=event.run, message=f"this run isn't kept: {self.store.problem}")
            return
        if isinstance(event, RunCreated):  # where it is begun again, the first time must be kept by now
            yield from self.tell_created()
            if self._keeper.ended:  # the disk has stayed full
                return
        ticket = self._keeper.keep(event)
        self._untold.append((event, ticket))
        now = time.monotonic()
        if isinstance(event, RunFinished):  # others may go on meanwhile: `settle` or `end` tells it
            self.store.writer.hurry()
        elif isinstance(event, RunCreated):
            pass  # others of its cohort are created with it: `tell_created` waits for all
        elif isinstance(event, Saving) or (ticket and self.control.stepping):
            yield from self._all_told()
        else:
            patience = _PATIENCE * (now - self._began) if ticket and ticket.due <= now else 0.0
            worth_it = patience >= self.store.writer.took_seconds
            yield from self._told(patience if worth_it else 0.0)
        if self.store.trouble and not self._keeper.ended:
            yield from self._held()
        if ticket:
            self._began = time.monotonic()

    def tell_created(self) -> Generator[Event]:
        """Tell that the run is created, and what came since, once that is on the disk.

        Raises: SlotTakenError, or another StoreError, for a run that can't be kept.
        """
        if self._untold:
            yield from self._all_told()

    def settle(self) -> Generator[Event]:
        """Tell the rest of a run that has ended, once it is on the disk; don't wait for that."""
        if self._keeper.ended and not self.has_ended:
            yield from self._told(0.0)
            if not self._untold:
                self._close()

    def end(self) -> Generator[Event]:
        """Tell the rest of a run without more events; one that did not say how it ended gets an end."""
        if self.has_ended or self.store.is_read_only:
            return
        if self._keeper.begun and not self._keeper.ended:
            outcome, reason = self.control.outcome or "failed", self.control.reason
            self._untold.append(self._keeper.finish(outcome, reason or "it ended without a word"))
        yield from self._all_told()
        self._close()

    def flush(self) -> None:
        """Wait until what was taken is on the disk, where that is possible."""
        self.store.writer.hurry()
        for _, ticket in self._untold:
            with suppress(Exception):  # what is wrong with one of them is told where it is waited for
                if ticket is not None and not ticket.wait(_HELD_SECONDS):
                    return

    def abandon(self, run: str, error: BaseException) -> RunFinished | None:
        """End the run that its error, or who looked on, has ended; give its end, none where it had one."""
        if self.has_ended:
            return None
        self.flush()  # before the engine saves: a state must not be ahead of what is kept
        self._leave()
        end = None
        if not self._keeper.ended:
            said = str(error) if isinstance(error, NormlabError) else f"{type(error).__name__}: {error}"
            said = "nobody looked on" if isinstance(error, GeneratorExit) else visible(said, 4000)
            end = self._end("failed" if isinstance(error, Exception) else "interrupted", run, said)
            self.flush()
        self._close()
        return end

    def _end(self, outcome: Outcome, run: str, reason: str) -> RunFinished:
        if self._keeper.begun:
            with suppress(NormlabError):
                event, ticket = self._keeper.finish(outcome, reason)
                self._untold.append((event, ticket))
                return event
        last, seconds = None, 0.0
        if (told := self._last) is not None:
            last = Point(epoch=told.epoch, step=told.step, metrics=told.metrics)
            seconds = told.metrics["seconds"]
        return RunFinished(run=run, outcome=outcome, reason=reason, last=last, seconds=seconds)

    def _close(self) -> None:
        self.has_ended = True
        self._untold.clear()
        if self._keeper.ended:
            self._keeper.write_folder()

    def _all_told(self) -> Generator[Event]:
        self.store.writer.hurry()
        yield from self._told(None)

    def _told(self, patience: float | None) -> Generator[Event]:
        """Tell the events that are on the disk, waiting for each so many seconds; None waits for all."""
        while self._untold:
            event, ticket = self._untold[0]
            if ticket is not None and not ticket.wait(_HELD_SECONDS if patience is None else patience):
                if patience is not None:
                    return
                if self.store.trouble:
                    yield from self._held()
                continue
            self._untold.popleft()
            yield event

    def _held(self) -> Generator[Event]:
        """Wait while the store can't be written; where that takes too long, the run ends."""
        keeper, until = self._keeper, time.monotonic() + self.give_up_seconds
        while (trouble := self.store.trouble) is not None:
            reason = f"{trouble.rule}; {trouble.remedy}"
            if time.monotonic() > until or self.control.outcome is not None:
                yield self._give_up(reason)
                return
            yield Held(run=keeper.run, reason=reason)
            first = next((ticket for _, ticket in self._untold if ticket is not None), None)
            if first is None:
                return
            first.wait(_HELD_SECONDS)

    def _give_up(self, reason: str) -> RunFinished:
        self._leave()  # the engine saves what it can
        self._keeper.withdraw()
        self._untold.clear()
        self.store.free_spare()
        event, ticket = self._keeper.finish("interrupted" if self._keeper.slot else "failed", reason)
        ticket.wait(20 * _HELD_SECONDS)  # a busy machine takes its time
        return event
