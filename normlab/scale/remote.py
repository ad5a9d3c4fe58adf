"""A run that trains in a worker process, as the same generator of events that `engine.run` gives."""

from collections.abc import Generator
from contextlib import closing
from queue import Empty

from normlab.core.errors import NormlabError, Problem
from normlab.engine.control import Control
from normlab.engine.events import Event, RunFinished, Warned, read_event
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

MAX_DEATHS = 3
"""Deaths of its worker after which a run is given up."""
_POLL_SECONDS = 0.1
"""Between two looks at the control, while nothing is told."""


class WorkerError(NormlabError):
    """A run has ended by an error in its worker process, or by the third death of one."""


class _DeathError(Exception):
    """A worker process has ended by itself; the text says how, as the end of a sentence."""


def remote(worker: "Worker", request: Train, control: Control) -> Generator[Event]:
    """Train in a worker what `engine.run` would train here, telling the same events.

    What a kill -9, a crash or the system's lack of memory ends is trained again twice, from its state where
    there is one: events since then are told a second time, after a RunStarted that says from where.
    Who closes this kills the worker: what it has saved is then not ahead of what was told. So does `control`
    before the worker has told anything, which would first import torch, and no more is told.

    Raises: WorkerError for what the run raises, or after the third death.
    """
    told: Event | None = None
    for deaths in range(1, MAX_DEATHS + 1):
        try:
            with closing(worker.train(request, control)) as events:
                for told in events:
                    yield told
            return
        except _DeathError as death:
            if isinstance(told, RunFinished):
                return
            if deaths == MAX_DEATHS:
                remedy = "free memory, or ask for fewer --jobs"
                raise WorkerError(
                    Problem("worker", f"died {MAX_DEATHS} times, the last time {death}", remedy)
                ) from None
            request = request.model_copy(update={"resume": True})
            if told is not None:
                message = f"its worker process died, {death}; it is trained again"
                yield Warned(run=request.run, message=message)


class Worker:
    """A process that trains one run after the other: started for the first, and anew after its death."""

    def __init__(self) -> None:
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The process's number; none where there is none."""
        return None if self._process is None else self._process.pid

    def train(self, request: Train, control: Control) -> Generator[Event]:
        """Have one run trained, passing on what becomes of `control`, and tell its events.

        Raises: WorkerError for what the run raises.
        """
        process = self._process = self._process or Process()
        before, has_told, ended = ChangeControl(), False, False
        process.send(request)
        try:
            while has_told or control.outcome is None:
                now = ChangeControl(outcome=control.outcome, reason=control.reason, stepping=control.stepping)
                if now != before:
                    process.send(now)
                    before = now
                try:
                    line = process.lines.get(timeout=_POLL_SECONDS)
                except Empty:
                    continue
                if line is None:
                    raise _DeathError(process.end())
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
