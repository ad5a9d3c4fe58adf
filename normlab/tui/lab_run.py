"""A run of the lab, and how its training is started. Knows no screen."""

from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.engine.control import Control
from normlab.engine.events import Event, Outcome, RunCreated
from normlab.lab.experiment import Experiment
from normlab.views.history import History

if TYPE_CHECKING:
    from normlab.store.store import Store

State = Literal["queued", "running", "paused"] | Outcome


@dataclass(eq=False)
class LabRun:
    """A run of this session: trained in it, or recalled from the store to be compared."""

    id: str
    experiment: Experiment
    history: History
    hue: int
    """Which of the palette's hues and marks is its own."""
    device: str = "auto"
    name: str | None = None
    """What somebody or its preset called it; none shows what it changes."""
    shown: bool = True
    """Picked: drawn in the charts, and a column of the comparison."""
    trace: str | None = None
    """Of the error that ended it, where that was not one of the person in front."""
    control: Control = field(default_factory=Control)
    taken: bool = False
    """Its turn has come: it trains, or has ended."""
    resumes: bool = False
    """It goes on from its kept state."""
    recalled: bool = False
    """It was trained before this sitting, or elsewhere."""

    @property
    def finished(self) -> bool:
        return self.history.outcome is not None

    @property
    def came_to_nothing(self) -> bool:
        """Whether it ended before its first evaluation: nothing can be compared with it."""
        return self.finished and not self.history.points


Start = Callable[[LabRun], Generator[Event]]
"""Starts a run: the engine's own, or a script of events in a test."""


def start_run(run: LabRun) -> Generator[Event]:
    """Train a run with the engine, recorded; torch is imported here, in the thread that trains."""
    from normlab.engine.loop import run as train
    from normlab.store.errors import StoreError
    from normlab.store.store import open_store

    events = train(
        run.experiment,
        device=run.device,
        arm=run.history.arm,
        control=run.control,
        folder=places.runs() / run.id,
        run_id=run.id,
        probe=True,
        resume=run.resumes,
    )
    try:
        store = open_store()
    except StoreError:  # told when the lab was opened; training is possible all the same
        return events
    return recorded(run, events, store)


def recorded(run: LabRun, events: Generator[Event], store: "Store") -> Generator[Event]:
    """Keep a run's events, and the name that somebody gave it before it began."""
    from normlab.store.edit import rename
    from normlab.store.record import record

    with closing(record(events, store, control=run.control)) as kept:
        for event in kept:
            is_new = isinstance(event, RunCreated) and not run.resumes
            if is_new and run.name not in (None, run.history.arm) and not store.is_read_only:
                with suppress(NormlabError):  # a full disk is told by the recording
                    rename(store, run.id, run.name)
            yield event
