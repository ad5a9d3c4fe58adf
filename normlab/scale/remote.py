"""Runs that train in a worker process, as the same generator of events that `engine.run_cohort` gives."""

from collections.abc import Generator, Mapping
from queue import Empty

from normlab.core.errors import NormlabError, Problem
from normlab.engine.control import Control
from normlab.engine.events import Event, read_event
from normlab.scale.messages import (
    Acknowledge,
    ChangeControl,
    Done,
    Raised,
    Train,
    Waiting,
    is_answer,
    read_answer,
)
from normlab.scale.process import Process

_POLL_SECONDS = 0.1
"""Between two looks at the controls, while nothing is told."""


class WorkerError(NormlabError):
    """What runs have raised in their worker process."""


class DeathError(Exception):
    """A worker process has ended by itself; the text says how, as the end of a sentence."""


class Worker:
    """A process that trains one cohort after the other: started for the first, and anew after its death."""

    def __init__(self) -> None:
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The process's number; none where there is none."""
        return None if self._process is None else self._process.pid

    def train(self, wanted: Train, controls: Mapping[str, Control]) -> Generator[Event]:
        """Have runs trained, passing on what becomes of their controls, and tell their events.

        Who closes this kills the worker: what it has saved is then not ahead of what was told. So do controls
        that all say so before the worker has told anything, which would first import torch.

        Raises: WorkerError for what a run raises; DeathError.
        """
        process = self._process = self._process or Process()
        known = {run: ChangeControl(run=run) for run in controls}
        has_told = ended = False
        process.send(wanted)
        try:
            while has_told or any(control.outcome is None for control in controls.values()):
                for run, control in controls.items():
                    known[run] = _pass_on(process, known[run], control)
                try:
                    line = process.lines.get(timeout=_POLL_SECONDS)
                except Empty:
                    continue
                if line is None:
                    raise DeathError(process.end())
                if not is_answer(line):
                    has_told = True
                    yield read_event(line)
                    continue
                match read_answer(line):
                    case Waiting():  # whoever wants the next event has kept the last one
                        process.send(Acknowledge())
                    case Done():
                        ended = True
                        return
                    case Raised(problems=problems):
                        ended = True
                        raise WorkerError(*(Problem(*problem) for problem in problems))
        finally:
            if not ended:
                self.kill()

    def close(self) -> None:
        """Let the process end, which trains nothing now."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process = None


def _pass_on(process: Process, known: ChangeControl, control: Control) -> ChangeControl:
    """Tell a process what it doesn't know of a control; give what it knows then."""
    if (control.outcome, control.stepping) == (known.outcome, known.stepping):
        return known
    now = ChangeControl(
        run=known.run, outcome=control.outcome, reason=control.reason, stepping=control.stepping
    )
    process.send(now)
    return now
