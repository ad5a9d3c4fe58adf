"""A worker that trains nothing, and so needs no torch; arms called "dies", "raises" and "hangs" do so."""

import os
import signal
import sys
import threading

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
from support.told import told


def send(line):
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def receive(kind):
    request = read_request(sys.stdin.buffer.readline())
    assert isinstance(request, kind), request
    return request


def scripts(runs):
    """Give the events of runs in turn, as a cohort's come."""
    told_by = [(run, told(run.id, arm=run.arm)) for run in runs]
    while told_by:
        for run, events in list(told_by):
            event = next(events, None)
            if event is None:
                told_by.remove((run, events))
            else:
                yield run, event


def train(wanted):
    arms = {run.arm for run in wanted.runs}
    if "raises" in arms:
        send(write(Raised(problems=[("RuntimeError", "a fault of torch's", "")])))
        return
    if "hangs" in arms:
        threading.Event().wait(20)
    num_created = 0
    for run, event in scripts(wanted.runs):
        event = event.model_copy(
            update={"experiment": run.experiment} if hasattr(event, "experiment") else {}
        )
        send(event.model_dump_json().encode() + b"\n")
        num_created += event.event == "run_created"
        if event.event == "run_created" and num_created == len(wanted.runs):
            send(write(Waiting()))
            while isinstance(receive(Acknowledge | ChangeControl), ChangeControl):
                pass
        if run.arm == "dies" and event.event == "measured":
            print("half a word\nand the last one", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if run.arm == "exits":
            os._exit(7)
        if run.arm == "waits" and event.event == "measured" and event.epoch == 1:
            assert receive(ChangeControl) == ChangeControl(run=run.id, outcome="stopped", reason="enough")
    send(write(Done()))


for line in sys.stdin.buffer:
    request = read_request(line)
    if isinstance(request, Train):
        train(request)
