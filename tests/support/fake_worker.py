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


def train(request):
    if request.arm == "raises":
        send(write(Raised(problems=[("RuntimeError", "a fault of torch's", "")])))
        return
    if request.arm == "hangs":
        threading.Event().wait(20)
    for event in told(request.run, arm=request.arm):
        event = event.model_copy(
            update={"experiment": request.experiment} if hasattr(event, "experiment") else {}
        )
        send(event.model_dump_json().encode() + b"\n")
        if event.event == "run_created":
            send(write(Waiting()))
            assert read_request(sys.stdin.buffer.readline()) == Acknowledge()
        if request.arm == "dies" and event.event == "measured":
            print("half a word\nand the last one", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if request.arm == "exits":
            os._exit(7)
        if request.arm == "waits" and event.event == "measured" and event.epoch == 1:
            assert read_request(sys.stdin.buffer.readline()) == ChangeControl(
                outcome="stopped", reason="enough"
            )
    send(write(Done()))


for line in sys.stdin.buffer:
    request = read_request(line)
    if isinstance(request, Train):
        train(request)
