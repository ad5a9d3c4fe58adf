"""record(run(experiment)): a run's events, each told only once it is on the disk."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass

from normlab.engine.control import Control
from normlab.engine.events import Event, RunCreated
from normlab.store.recorder import Recorder
from normlab.store.slots import Slot, SlotTakenError
from normlab.store.store import Store
from normlab.store.sweep import open_swept


def record(
    events: Generator[Event],
    store: Store | None = None,
    *,
    control: Control | None = None,
    slot: Slot | None = None,
    give_up_seconds: float = 60.0,
) -> Generator[Event]:
    """Pass on the events of a run, or of a cohort's, and keep them; an epoch is told once it is committed.

    A full disk holds the run: `Held` is told, and again each half second, while the store tries anew. After
    `give_up_seconds`, or when `control` asks the run to stop, the run ends as failed, be that on the disk or
    not; what was told before is kept.
    A store that can't be written at all is a warning, and nothing is kept.

    With `slot`, the run is a study's: it begins only where no other run stands in the slot, and what a full
    disk ends is interrupted, for a failure would count as a result.

    Raises: what the run raises, which is kept as the reason of its failure; StoreError when there is a
    file that is no store; SlotTakenError, before anything is trained.
    """
    store, control = store or open_swept(), control or Control()
    recorders: dict[str, Recorder] = {}

    def recorder(run: str) -> Recorder:
        if run not in recorders:
            recorders[run] = Recorder(
                store, control, slot=slot, give_up_seconds=give_up_seconds, leave=events.close
            )
        return recorders[run]

    with closing(events):
        try:
            for event in events:
                yield from recorder(event.run).take(event)
                if isinstance(event, RunCreated):
                    yield from recorder(event.run).tell_created()
                for each in recorders.values():
                    yield from each.settle()
            for each in recorders.values():
                yield from each.end()
        except BaseException as error:
            yield from _abandoned(recorders, events, error)
            raise


@dataclass(frozen=True)
class Failure:
    """A run of a cohort has ended by an error, and the others go on."""

    run: str
    error: Exception


@dataclass(frozen=True)
class AllCreated:
    """All runs that are trained together next have told that they are created, and nothing since."""


Item = Event | Failure | AllCreated
"""What a cohort tells who records it."""


def record_cohort(events: Generator[Item], recorders: Mapping[str, Recorder]) -> Generator[Event]:
    """Pass the events of several runs on, and keep each by its run's own recorder.

    That runs are created is kept with one commit, which `AllCreated` waits for: before that, a run may go on
    whose slot is taken. Such a run is not told, nor is one after it was ended by what keeps it: its
    control then ends its training. A failure is told as the run's end.

    Raises: what `events` raises, which is then the end of all runs under way.
    """
    with closing(events):
        try:
            for item in events:
                if isinstance(item, AllCreated):
                    for run, recorder in recorders.items():
                        yield from _kept(run, recorder, recorder.tell_created())
                elif isinstance(item, Failure):
                    yield from _ended(item.run, recorders[item.run], item.error)
                else:
                    yield from _kept(item.run, recorders[item.run], recorders[item.run].take(item))
                yield from _settled(recorders)
            for run, recorder in recorders.items():
                yield from _kept(run, recorder, recorder.end())
        except BaseException as error:
            yield from _abandoned(recorders, events, error)
            raise


def _settled(recorders: Mapping[str, Recorder]) -> Generator[Event]:
    """Tell the ends that are on the disk by now; one that can't be kept is its own run's affair."""
    for run, recorder in recorders.items():
        try:
            yield from recorder.settle()
        except Exception as error:
            recorder.abandon(run, error)


def _abandoned(
    recorders: Mapping[str, Recorder], events: Generator[Item], error: BaseException
) -> Generator[Event]:
    """End all runs under way by an error; tell the ends of others, where somebody still looks on."""
    for recorder in recorders.values():
        recorder.flush()
    events.close()
    try:
        if isinstance(error, Exception):
            yield from _settled(recorders)
    finally:  # who looks on may leave amid that
        for run, recorder in recorders.items():
            recorder.abandon(run, error)


def _kept(run: str, recorder: Recorder, told: Generator[Event]) -> Generator[Event]:
    """Tell what a recorder tells; its error ends the run."""
    try:
        yield from told
    except Exception as error:
        yield from _ended(run, recorder, error)


def _ended(run: str, recorder: Recorder, error: Exception) -> Generator[Event]:
    end = recorder.abandon(run, error)
    if end is not None and (recorder.has_begun or not isinstance(error, SlotTakenError)):
        yield end
