"""The worker process, python -m normlab.scale.worker: trains what its parent asks for, and tells the events.

Requests are lines on stdin, events and answers are lines on what was stdout. It writes into the folders of
its runs only; what is kept in the store, its parent keeps.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from normlab.core.errors import UNSAID, NormlabError, Problem, show_value
from normlab.core.garbage import collect_from_here, pause_collecting
from normlab.engine.control import Control
from normlab.engine.events import Measured, RunCreated, Saving
from normlab.scale.inline import train_here
from normlab.scale.messages import (
    Acknowledge,
    ChangeControl,
    Done,
    Raised,
    Train,
    Waiting,
    read_request,
    write,
)


class _Listener:
    """Reads what the parent sends, in a thread of its own."""

    def __init__(self, stream: BinaryIO) -> None:
        self.wanted: SimpleQueue[tuple[Train, dict[str, Control]]] = SimpleQueue()
        self.acknowledged: SimpleQueue[None] = SimpleQueue()
        Thread(target=self._listen, args=(stream,), daemon=True).start()

    def _listen(self, stream: BinaryIO) -> None:
        controls: dict[str, Control] = {}
        for line in stream:
            match read_request(line):
                case Train() as wanted:
                    controls = {run.id: Control() for run in wanted.runs}
                    self.wanted.put((wanted, controls))
                case ChangeControl() as change:
                    control = controls[change.run]
                    control.stepping = change.stepping
                    if change.outcome is not None:
                        control.end(change.outcome, change.reason)
                case Acknowledge():
                    self.acknowledged.put(None)
        os._exit(0)  # the parent is gone, or needs no worker: nothing here is worth a moment


def main() -> None:
    """Train until the parent is gone."""
    # A terminal's signals reach this process too, and the parent decides: its end is this one's end.
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anybody prints must not come between the lines
    listener = _Listener(sys.stdin.buffer)
    pause_collecting()
    import torch

    import_module("normlab.engine.loop")
    torch.set_num_threads(1)
    collect_from_here()
    while True:
        _train(*listener.wanted.get(), listener, output)


def _train(wanted: Train, controls: dict[str, Control], listener: _Listener, output: BinaryIO) -> None:
    from normlab.engine.weights import read_weights

    def send(line: bytes) -> None:
        output.write(line)
        output.flush()

    try:
        start = read_weights(Path(wanted.weights[0]), wanted.weights[1]) if wanted.weights else None
        num_created = 0
        for event in train_here(wanted, controls, start):
            send(event.model_dump_json().encode() + b"\n")
            match event:
                case RunCreated():
                    num_created += 1
                    waits = num_created == len(wanted.runs)
                case Measured():
                    waits = controls[event.run].stepping
                case _:
                    waits = isinstance(event, Saving)
            # Else it runs ahead of what is kept, as far as the pipe reaches.
            if waits:
                send(write(Waiting()))
                listener.acknowledged.get()
    except Exception as error:
        send(write(Raised(problems=_problems(error))))
    else:
        send(write(Done()))


def _problems(error: Exception) -> list[tuple[str, str, str]]:
    if isinstance(error, NormlabError):
        return [(each.path, _rule(each), each.remedy) for each in error.problems]
    return [(type(error).__name__, str(error)[:4000], "")]


def _rule(problem: Problem) -> str:
    value = "" if problem.value is UNSAID else f"{show_value(problem.value)}: "
    return f"{value}{problem.rule}"


if __name__ == "__main__":
    main()
