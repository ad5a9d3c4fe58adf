"""The worker process, python -m normlab.scale.worker: trains what its parent asks for, and tells the events.

Requests are lines on stdin, events and answers are lines on what was stdout. It writes into the folders of
its runs only; what is kept in the store, its parent keeps.
"""

import os
import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from normlab.core.errors import UNSAID, NormlabError, Problem, show_value
from normlab.engine.control import Control
from normlab.engine.events import Measured, RunCreated, Saving
from normlab.scale.messages import Done, GoOn, Heed, Raised, Train, Waits, read_request, write


class _Ear:
    """Hears the parent, in a thread of its own."""

    def __init__(self, stream: BinaryIO) -> None:
        self.asked: SimpleQueue[tuple[Train, Control]] = SimpleQueue()
        self.allowed: SimpleQueue[None] = SimpleQueue()
        Thread(target=self._listen, args=(stream,), daemon=True).start()

    def _listen(self, stream: BinaryIO) -> None:
        control = Control()
        for line in stream:
            match read_request(line):
                case Train() as train:
                    control = Control()
                    self.asked.put((train, control))
                case Heed() as heed:
                    control.stepping, control.reason = heed.stepping, heed.reason
                    control.outcome = heed.outcome
                case GoOn():
                    self.allowed.put(None)
        os._exit(0)  # the parent is gone, or needs no worker: nothing here is worth a moment


def main() -> None:
    """Train until the parent is gone."""
    # A terminal's signals reach this process too, and the parent decides: its end is this one's end.
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    mouth = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anybody prints must not come between the lines
    ear = _Ear(sys.stdin.buffer)
    import torch

    torch.set_num_threads(1)
    while True:
        _train(*ear.asked.get(), ear, mouth)


def _train(request: Train, control: Control, ear: _Ear, mouth: BinaryIO) -> None:
    from normlab.engine.loop import run
    from normlab.engine.weights import read_weights

    def say(line: bytes) -> None:
        mouth.write(line)
        mouth.flush()

    try:
        start = request.weights and read_weights(Path(request.weights[0]), request.weights[1])
        for event in run(
            request.experiment,
            device=request.device,
            arm=request.arm,
            control=control,
            folder=request.folder,
            run_id=request.run,
            weights=start,
            resume=request.resume,
            checkpoint_every=request.checkpoint_every,
            time_limit_seconds=request.time_limit_seconds,
            num_threads=1,
        ):
            say(event.model_dump_json().encode() + b"\n")
            # Else it runs ahead of what is kept, as far as the pipe reaches.
            if isinstance(event, RunCreated | Saving) or (control.stepping and isinstance(event, Measured)):
                say(write(Waits()))
                ear.allowed.get()
    except Exception as error:
        say(write(Raised(problems=_problems(error))))
    else:
        say(write(Done()))


def _problems(error: Exception) -> list[tuple[str, str, str]]:
    if isinstance(error, NormlabError):
        return [(each.path, _rule(each), each.remedy) for each in error.problems]
    return [(type(error).__name__, str(error)[:4000], "")]


def _rule(problem: Problem) -> str:
    value = "" if problem.value is UNSAID else f"{show_value(problem.value)}: "
    return f"{value}{problem.rule}"


if __name__ == "__main__":
    main()
