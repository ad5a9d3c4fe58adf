"""A worker that trains nothing, and so needs no torch; arms called "dies" and "raises" do so."""

import os
import signal
import sys

from normlab.scale.messages import Done, GoOn, Heed, Raised, Train, Waits, read_request, write
from support.told import told


def say(line):
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def train(request):
    if request.arm == "raises":
        say(write(Raised(problems=[("RuntimeError", "a fault of torch's", "")])))
        return
    for event in told(request.run, arm=request.arm):
        event = event.model_copy(
            update={"experiment": request.experiment} if hasattr(event, "experiment") else {}
        )
        say(event.model_dump_json().encode() + b"\n")
        if event.event == "run_created":
            say(write(Waits()))
            assert read_request(sys.stdin.buffer.readline()) == GoOn()
        if request.arm == "dies" and event.event == "measured":
            print("half a word\nand the last one", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if request.arm == "exits":
            os._exit(7)
        if request.arm == "waits" and event.event == "measured" and event.epoch == 1:
            assert read_request(sys.stdin.buffer.readline()) == Heed(outcome="stopped", reason="enough")
    say(write(Done()))


for line in sys.stdin.buffer:
    request = read_request(line)
    if isinstance(request, Train):
        train(request)
