"""INT, TERM and HUP: the run under way stops and saves; a second one, or one before training, exits."""

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType

from normlab.engine.control import Control


class Caught:
    """Which signal came, and whether a training that can stop by itself is under way."""

    number: int | None = None
    training = False


@contextmanager
def catching(control: Control) -> Generator[Caught]:
    """Turn INT, TERM and HUP into an interrupt that saves; a second one, or one before training, exits."""
    caught = Caught()

    def handle(number: int, frame: FrameType | None) -> None:
        if not caught.training:
            # Nothing is to be saved, and an exception would fly through whatever torch is importing.
            with suppress(OSError):
                cursor = b"\x1b[?25h\n" if sys.stderr.isatty() else b""  # rich had hidden it
                os.write(2, cursor + b"interrupted while nothing was trained: nothing is lost\n")
            os._exit(128 + number)
        caught.number = number
        control.interrupt(f"signal {signal.Signals(number).name}")
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        with suppress(OSError):  # after HUP there may be no terminal to say it on
            print("stopping after this step and saving; once more to stop at once", file=sys.stderr)

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # What nohup or & lets pass is left so.
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in heard}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
