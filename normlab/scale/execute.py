"""execute(slots, store) -> events: a study's runs are trained, each recorded, here or in worker processes."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING

from normlab.core.files import write_atomically
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.engine.events import Event, RunFinished
from normlab.engine.ids import new_run_id
from normlab.scale.cohorts import cohorts
from normlab.scale.inline import train_here
from normlab.scale.jobs import check_jobs
from normlab.scale.messages import Run, Train
from normlab.scale.remote import Worker
from normlab.scale.train import Trains, train_cohort
from normlab.store.going_on import has_state
from normlab.store.record import record_cohort
from normlab.store.recorder import Recorder
from normlab.store.slots import Slot
from normlab.store.store import Store

if TYPE_CHECKING:
    from normlab.engine.weights import StartWeights

_UNPULLED = 32
"""Events that are kept ready for who pulls them, beyond which runs wait."""


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
    """Train the slots that have no run yet, `jobs` cohorts at a time, record each run, and tell its events.

    What is done, or under way elsewhere, is passed over, and may be so still when this ends. A run that was
    interrupted or stopped goes on under its id where it has left a state; one that failed is tried anew, as
    another run. A run that raises ends as failed, and the others go on. Slots are pulled a little ahead of
    their turn, for runs of one shape are trained together. Every run has one torch thread, so that its
    results are the same bit for bit, however many are trained beside it and with it.

    Not pulling is a pause, which worker processes notice some events late. `control` ends the runs under way
    after their step, each saved; none is begun after that. Closing this does so too, and waits for it, and
    so does a disk that stays full: that is then the control's reason.

    Raises: ConfigError, at once, for a device that isn't there, or more jobs than fit.
    """
    check_jobs(jobs)
    options = _Options(store, str(pick_device(device)), weights, checkpoint_every, time_limit_seconds)
    pending, control = cohorts(slots, store, jobs), control or Control()
    if jobs == 1:
        return _one_by_one(pending, options, control)
    return _side_by_side(pending, options, control, jobs)


@dataclass(frozen=True)
class _Options:
    """How runs are trained, beside their slots."""

    store: Store
    device: str
    weights: "StartWeights | None"
    checkpoint_every: int | None
    time_limit_seconds: float | None

    @property
    def origin(self) -> str | None:
        return self.weights and self.weights.origin

    def wanted(self, cohort: Iterable[Slot], weights: tuple[str, str] | None = None) -> Train:
        """Describe the runs of slots."""
        return Train(
            runs=tuple(self._run(slot) for slot in cohort),
            device=self.device,
            weights=weights,
            checkpoint_every=self.checkpoint_every,
            time_limit_seconds=self.time_limit_seconds,
        )

    def _run(self, slot: Slot) -> Run:
        """Describe a slot's run: the one to go on with, or a new one."""
        kept = slot.run
        goes_on = (
            kept is not None
            and kept.outcome in ("interrupted", "stopped")
            and (has_state(kept) or kept.step == 0)
            and not self.store.is_read_only
        )
        name = kept.id if kept is not None and goes_on else new_run_id()
        folder = str(self.store.folder(name))
        return Run(id=name, arm=slot.cell.name, experiment=slot.experiment, folder=folder, resume=goes_on)


def _one_by_one(
    pending: Iterator[list[Slot]], options: _Options, control: Control
) -> Generator[tuple[Slot, Event]]:
    def train(wanted: Train, controls: Mapping[str, Control]) -> Generator[Event]:
        return train_here(wanted, controls, options.weights)

    while control.outcome is None and (cohort := next(pending, None)) is not None:
        yield from _recorded(cohort, options.wanted(cohort), train, options, control)


def _side_by_side(
    pending: Iterator[list[Slot]], options: _Options, control: Control, jobs: int
) -> Generator[tuple[Slot, Event]]:
    """Train each cohort in a thread of its own; the worker process that trained it stays for the next one."""
    queue: Queue[tuple[Slot, Event] | Worker | Exception] = Queue(_UNPULLED)
    workers = [Worker() for _ in range(jobs)]
    idle, num_busy = list(workers), 0

    def follow(cohort: list[Slot], wanted: Train, worker: Worker) -> None:
        try:
            for told in _recorded(cohort, wanted, worker.train, options, control):
                queue.put(told)
        except Exception as error:
            queue.put(error)
        finally:
            queue.put(worker)

    with _shared(options.weights) as start:
        try:
            while True:
                while idle and control.outcome is None and (cohort := next(pending, None)) is not None:
                    arguments = (cohort, options.wanted(cohort, start), idle.pop())
                    Thread(target=follow, args=arguments, name="normlab cohort", daemon=True).start()
                    num_busy += 1
                if not num_busy:
                    return
                item = queue.get()
                if isinstance(item, Worker):
                    idle.append(item)
                    num_busy -= 1
                elif isinstance(item, Exception):
                    raise item
                else:
                    yield item
        finally:
            if num_busy and control.outcome is None:
                control.interrupt("nobody looked on")
            while num_busy:
                num_busy -= isinstance(queue.get(), Worker)
            for worker in workers:
                worker.close()


def _recorded(
    cohort: list[Slot], wanted: Train, train: Trains, options: _Options, control: Control
) -> Generator[tuple[Slot, Event]]:
    """Train and record a cohort; a run's error is told as its end, and nothing where its slot is taken."""
    slots = {run.id: slot for run, slot in zip(wanted.runs, cohort, strict=True)}
    controls = {run: Control(under=control) for run in slots}
    recorders = {run: Recorder(options.store, controls[run], slot=slots[run]) for run in slots}
    events = train_cohort(wanted, controls, train, options.origin)
    with closing(record_cohort(events, recorders)) as recorded:
        for event in recorded:
            if isinstance(event, RunFinished) and event.outcome == "interrupted" and not control.outcome:
                control.interrupt(event.reason or "the disk is full")  # the next run would find it so too
            yield slots[event.run], event


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
