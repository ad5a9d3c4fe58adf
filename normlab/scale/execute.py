"""execute(slots, store) -> events: a study's runs are trained, each recorded, here or in worker processes."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING

from normlab.core.errors import NormlabError
from normlab.core.files import write_atomically
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.engine.events import Event, Measured, Point, RunCreated, RunFinished
from normlab.engine.ids import new_run_id
from normlab.scale.inline import train_here
from normlab.scale.jobs import check_jobs
from normlab.scale.messages import Train
from normlab.scale.remote import Worker, remote
from normlab.store.going_on import has_state
from normlab.store.record import record
from normlab.store.slots import Slot, SlotTakenError, look_again
from normlab.store.store import Store

if TYPE_CHECKING:
    from normlab.engine.weights import StartWeights

_AHEAD = 32
"""Events that are kept ready for who pulls them, beyond which runs wait."""

Trains = Callable[[Train, Control], Generator[Event]]
"""Trains a run, here or elsewhere."""


def execute(
    slots: Iterable[Slot],
    store: Store,
    *,
    device: str = "auto",
    jobs: int = 1,
    control: Control | None = None,
    weights: "StartWeights | None" = None,
    checkpoint_every: int | None = None,
    time_limit_seconds: float | None = None,
) -> Generator[tuple[Slot, Event]]:
    """Train the slots that have no run yet, `jobs` at a time, record each run, and tell its events.

    What is done, or under way elsewhere, is passed over, and may be so still when this ends. A run that was
    interrupted or stopped goes on under its id where it has left a state; one that failed is tried anew, as
    another run. A run that raises ends as failed, and the others go on. Slots are pulled when there is a
    place for them. Every run has one torch thread, so that its results are the same bit for bit however many
    are trained beside it.

    Not pulling is a pause, which worker processes notice some events late. `control` ends the runs under way
    after their step, each saved; none is begun after that. Closing this does so too, and waits for it, and
    so does a disk that stays full: that is then the control's reason.

    Raises: ConfigError, at once, for a device that isn't there, or more jobs than fit.
    """
    check_jobs(jobs)
    origin = weights and weights.origin
    options = _Options(store, str(pick_device(device)), origin, checkpoint_every, time_limit_seconds)
    pending, control = _pending(slots, store), control or Control()
    if jobs == 1:
        return _one_by_one(pending, options, weights, control)
    return _side_by_side(pending, options, weights, control, jobs)


@dataclass(frozen=True)
class _Options:
    """How runs are trained, beside their slots."""

    store: Store
    device: str
    origin: str | None
    checkpoint_every: int | None
    time_limit_seconds: float | None

    def request(self, slot: Slot, weights: tuple[str, str] | None = None) -> Train:
        """Describe a slot's run: the one to go on with, or a new one."""
        kept = slot.run
        goes_on = (
            kept is not None
            and kept.outcome in ("interrupted", "stopped")
            and has_state(kept)
            and not self.store.is_read_only
        )
        name = kept.id if kept is not None and goes_on else new_run_id()
        return Train(
            experiment=slot.experiment,
            device=self.device,
            arm=slot.cell.name,
            run=name,
            folder=str(self.store.folder(name)),
            weights=weights,
            resume=goes_on,
            checkpoint_every=self.checkpoint_every,
            time_limit_seconds=self.time_limit_seconds,
        )


def _pending(slots: Iterable[Slot], store: Store) -> Iterator[Slot]:
    """Yield the slots that are to be trained, each looked at again: the plan may be hours old."""
    begun: set[str] = set()
    for slot in slots:
        if slot.is_done or slot.is_under_way or slot.fingerprint in begun:
            continue
        now = look_again(store, slot)
        if now.is_done or now.is_under_way:
            continue
        begun.add(slot.fingerprint)
        yield now


def _one_by_one(
    pending: Iterator[Slot], options: _Options, weights: "StartWeights | None", control: Control
) -> Generator[tuple[Slot, Event]]:
    def train(request: Train, control: Control) -> Generator[Event]:
        return train_here(request, control, weights)

    while control.outcome is None and (slot := next(pending, None)) is not None:
        with closing(_recorded(slot, options.request(slot), train, options, control)) as events:
            for event in events:
                yield slot, event


def _side_by_side(
    pending: Iterator[Slot], options: _Options, weights: "StartWeights | None", control: Control, jobs: int
) -> Generator[tuple[Slot, Event]]:
    """Train each run in a thread of its own; the worker process that trained it stays for the next one."""
    queue: Queue[tuple[Slot, Event | Worker]] = Queue(_AHEAD)
    workers = [Worker() for _ in range(jobs)]
    idle, num_busy = list(workers), 0

    def follow(slot: Slot, request: Train, worker: Worker) -> None:
        def train(request: Train, control: Control) -> Generator[Event]:
            return remote(worker, request, control)

        try:
            for event in _recorded(slot, request, train, options, control):
                queue.put((slot, event))
        finally:
            queue.put((slot, worker))

    with _shared(weights) as start:
        try:
            while True:
                while idle and control.outcome is None and (slot := next(pending, None)) is not None:
                    arguments = (slot, options.request(slot, start), idle.pop())
                    Thread(target=follow, args=arguments, name="normlab run", daemon=True).start()
                    num_busy += 1
                if not num_busy:
                    return
                slot, item = queue.get()
                if isinstance(item, Worker):
                    idle.append(item)
                    num_busy -= 1
                else:
                    yield slot, item
        finally:
            if num_busy and control.outcome is None:
                control.interrupt("nobody looked on")
            while num_busy:
                num_busy -= isinstance(queue.get()[1], Worker)
            for worker in workers:
                worker.close()


def _recorded(
    slot: Slot, request: Train, train: Trains, options: _Options, control: Control
) -> Generator[Event]:
    """Train and record a run; what it raises is told as its end, and nothing where its slot is taken."""
    last: Measured | None = None
    try:
        begun = _begun(request, train, options.origin, control)
        with closing(record(begun, options.store, control=control, slot=slot)) as events:
            for event in events:
                last = event if isinstance(event, Measured) else last
                if isinstance(event, RunFinished) and event.outcome == "interrupted" and not control.outcome:
                    control.interrupt(event.reason or "the disk is full")  # the next run would find it so too
                yield event
    except SlotTakenError:
        return
    except Exception as error:
        said = str(error) if isinstance(error, NormlabError) else f"{type(error).__name__}: {error}"
        point = last and Point(epoch=last.epoch, step=last.step, metrics=last.metrics)
        seconds = last.metrics["seconds"] if last else 0.0
        yield RunFinished(
            run=request.run, outcome="failed", reason=visible(said, 4000), last=point, seconds=seconds
        )


def _begun(request: Train, train: Trains, origin: str | None, control: Control) -> Generator[Event]:
    """Pass a run's events on; where it raises before the first, begin it all the same, so that it is kept."""
    begun = False
    try:
        with closing(train(request, control)) as events:
            for event in events:
                if not begun and control.outcome is not None:
                    return  # nothing is trained yet, so nothing needs to be kept
                begun = True
                yield event
    except Exception:
        if not begun:
            yield RunCreated(
                run=request.run,
                arm=request.arm,
                experiment=request.experiment,
                device=request.device,
                origin=origin,
            )
        raise


@contextmanager
def _shared(weights: "StartWeights | None") -> Generator[tuple[str, str] | None]:
    """Lend weights to start from as a file that workers can read, with where they are from."""
    if weights is None:
        yield None
        return
    from normlab.engine.sealed import seal

    with TemporaryDirectory(prefix="normlab-") as folder:
        path = Path(folder) / "start.safetensors"
        pieces = seal(weights.tensors, {"run": weights.origin.partition(":")[0]})
        write_atomically(path, b"".join(pieces))
        yield str(path), weights.origin
