"""Runs trained as a cohort, and apart where that fails, so that none takes the others with it."""

from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping
from contextlib import closing

from normlab.core.errors import Problem
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.events import Event, RunCreated, RunFinished, Warned
from normlab.scale.messages import Run, Train
from normlab.scale.remote import DeathError, WorkerError
from normlab.store.record import AllCreated, Failure, Item

MAX_DEATHS = 3
"""Deaths of its worker after which a run is given up."""

Trains = Callable[[Train, Mapping[str, Control]], Generator[Event]]
"""Trains runs together, here or elsewhere."""


def train_cohort(
    wanted: Train, controls: Mapping[str, Control], train: Trains, origin: str | None = None
) -> Generator[Item]:
    """Train runs together, and tell their events; where that fails, train each by itself from its last state.

    Events since that state are told a second time, after a RunStarted that says from where. What a run raises
    that is alone is its failure, and so is the third death of its worker, be that a kill -9, a crash or the
    system's lack of memory. A run whose control has ended it before its first event isn't told at all, and
    one that fails before it is begun all the same, so that it is kept.
    """
    begun, ended, deaths = set[str](), set[str](), Counter[str]()

    def events(runs: tuple[Run, ...]) -> Generator[Event | AllCreated]:
        asked, num_created = wanted.model_copy(update={"runs": runs}), 0
        with closing(train(asked, {run.id: controls[run.id] for run in runs})) as told:
            for event in told:
                # Where nothing of it is trained yet, nothing needs to be kept.
                if event.run in begun or controls[event.run].outcome is None:
                    begun.add(event.run)
                    if isinstance(event, RunFinished):
                        ended.add(event.run)
                    yield event
                if isinstance(event, RunCreated):
                    num_created += 1
                    if num_created == len(runs):
                        yield AllCreated()

    cohorts = deque([wanted.runs])
    while cohorts:
        runs = cohorts.popleft()
        if all(controls[run.id].outcome is not None for run in runs):
            continue
        try:
            yield from events(runs)
        except Exception as error:
            for run in runs:
                if run.id in ended:
                    continue
                is_death = isinstance(error, DeathError)
                deaths[run.id] += is_death
                if len(runs) > 1 or (is_death and deaths[run.id] < MAX_DEATHS):
                    cohorts.append((run.model_copy(update={"resume": True}),))
                    if run.id in begun:
                        yield Warned(run=run.id, message=_again(error, len(runs)))
                    continue
                if run.id not in begun:
                    yield RunCreated(
                        run=run.id,
                        arm=run.arm,
                        experiment=run.experiment,
                        device=wanted.device,
                        origin=origin,
                    )
                    yield AllCreated()
                yield Failure(run.id, _given_up(error) if isinstance(error, DeathError) else error)


def _again(error: Exception, num_runs: int) -> str:
    """Say why a run is trained a second time."""
    if isinstance(error, DeathError):
        return f"its worker process died, {error}; it is trained again"
    said = visible(f"{type(error).__name__}: {error}", 400)
    return f"an error has ended {num_runs} runs that were trained together ({said}); it is trained by itself"


def _given_up(death: DeathError) -> WorkerError:
    remedy = "free memory, or ask for fewer --jobs"
    return WorkerError(Problem("worker", f"died {MAX_DEATHS} times, the last time {death}", remedy))
