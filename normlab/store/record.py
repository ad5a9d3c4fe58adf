"""record(run(experiment)): a run's events, each told only once it is on the disk."""

import time
from collections import deque
from collections.abc import Generator
from contextlib import closing, suppress

from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.events import Event, Held, Measured, RunCreated, RunFinished, RunStarted, Saving, Warned
from normlab.store.keeper import Keeper
from normlab.store.slots import Slot
from normlab.store.store import Store
from normlab.store.sweep import open_swept
from normlab.store.writer import Ticket

# Share of an epoch's time that is waited for its commit, where the writer is at it. After that the training
# goes on, and the epoch is told with a later event: so recording costs little whatever the disk.
_PATIENCE = 0.04
_HELD_SECONDS = 0.5
"""Between two words that a run is held."""


def record(
    events: Generator[Event],
    store: Store | None = None,
    *,
    control: Control | None = None,
    slot: Slot | None = None,
    give_up_seconds: float = 60.0,
) -> Generator[Event]:
    """Pass a run's events on and keep them; an epoch is told once it is committed.

    A full disk holds the run: `Held` is told, and again each half second, while the store tries anew. After
    `give_up_seconds`, or when `control` asks the run to stop, the run ends as failed, be that on the disk or
    not; what was told before is kept.
    A store that can't be written at all is a warning, and nothing is kept.

    With `slot`, the run is a study's: it begins only where no other run stands in the slot, and what a full
    disk ends is interrupted, for a failure would count as a result.

    Raises: what the run raises, which is kept as the reason of its failure; StoreError when there is a
    file that is no store; SlotTakenError, before anything is trained.
    """
    store = store or open_swept()
    if store.is_read_only:
        yield from _unrecorded(events, store)
        return
    with closing(events):
        yield from _Recording(events, Keeper(store, slot), control or Control(), give_up_seconds).events()


def _unrecorded(events: Generator[Event], store: Store) -> Generator[Event]:
    told = False
    with closing(events):
        for event in events:
            yield event
            if not told and isinstance(event, RunStarted):
                told = True
                yield Warned(run=event.run, message=f"this run isn't kept: {store.problem}")


class _Recording:
    """A run that is being recorded."""

    def __init__(
        self, events: Generator[Event], keeper: Keeper, control: Control, give_up_seconds: float
    ) -> None:
        self.source, self.keeper, self.control = events, keeper, control
        self.give_up_seconds = give_up_seconds
        self.untold: deque[tuple[Event, Ticket | None]] = deque()
        self.given_up = False

    def events(self) -> Generator[Event]:
        began = time.monotonic()
        try:
            for event in self.source:
                ticket = self.keeper.keep(event)
                self.untold.append((event, ticket))
                now = time.monotonic()
                if isinstance(event, RunCreated | Saving) or (ticket and self.control.stepping):
                    yield from self._all_told()
                else:
                    patience = _PATIENCE * (now - began) if ticket and ticket.due <= now else 0.0
                    worth_it = patience >= self.keeper.store.writer.took_seconds
                    yield from self._told(patience if worth_it else 0.0)
                if self.given_up or (self.keeper.store.trouble and not (yield from self._held())):
                    return
                began = time.monotonic() if ticket else began
            if self.keeper.begun and not self.keeper.ended:
                outcome = self.control.outcome or "failed"
                self.untold.append(
                    self.keeper.finish(outcome, self.control.reason or "it ended without a word")
                )
            yield from self._all_told()
        except BaseException as error:
            self._leave(error)
            raise
        finally:
            if self.keeper.ended:
                self.keeper.write_folder()

    def _all_told(self) -> Generator[Event]:
        self.keeper.store.writer.hurry()
        yield from self._told(None)

    def _flush(self) -> None:
        self.keeper.store.writer.hurry()
        for _, ticket in self.untold:
            if ticket is not None and not ticket.wait(_HELD_SECONDS):
                return

    def _told(self, patience: float | None) -> Generator[Event]:
        """Tell the events that are on the disk, waiting for each so many seconds; None waits for all."""
        while self.untold:
            event, ticket = self.untold[0]
            if ticket is not None and not ticket.wait(_HELD_SECONDS if patience is None else patience):
                if patience is not None:
                    return
                if self.keeper.store.trouble and not (yield from self._held()):
                    return
                continue
            self.untold.popleft()
            yield event

    def _held(self) -> Generator[Event, None, bool]:
        """Wait while the store can't be written; False where that takes too long, and the run has ended."""
        keeper, until = self.keeper, time.monotonic() + self.give_up_seconds
        while (trouble := keeper.store.trouble) is not None:
            if time.monotonic() > until or self.control.outcome is not None:
                yield self._give_up(f"{trouble.rule}; {trouble.remedy}")
                return False
            yield Held(run=keeper.run, reason=f"{trouble.rule}; {trouble.remedy}")
            first = next((ticket for _, ticket in self.untold if ticket is not None), None)
            if first is None:
                break
            first.wait(_HELD_SECONDS)
        return True

    def _give_up(self, reason: str) -> RunFinished:
        self.given_up = True
        self.source.close()  # the engine saves what it can
        store = self.keeper.store
        # The space kept for the end may not hold all that a fast run measured meanwhile.
        measured = (ticket for event, ticket in self.untold if isinstance(event, Measured))
        store.writer.withdraw(ticket for ticket in measured if ticket is not None)
        self.untold.clear()
        store.free_spare()
        event, ticket = self.keeper.finish("interrupted" if self.keeper.slot else "failed", reason)
        ticket.wait(20 * _HELD_SECONDS)  # a busy machine takes its time
        return event

    def _leave(self, error: BaseException) -> None:
        """End the run that its error, or who looked on, has ended."""
        with suppress(NormlabError):
            self._flush()  # before the engine saves: a state must not be ahead of what is kept
        self.source.close()
        if not self.keeper.begun or self.keeper.ended:
            return
        said = str(error) if isinstance(error, NormlabError) else f"{type(error).__name__}: {error}"
        said = "nobody looked on" if isinstance(error, GeneratorExit) else visible(said, 4000)
        with suppress(NormlabError):
            outcome = "failed" if isinstance(error, Exception) else "interrupted"
            self.untold.append(self.keeper.finish(outcome, said))
            self._flush()
