"""A preset run without a screen: every arm with every seed, then the table."""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from types import FrameType
from typing import Literal

from normlab.cli.live import LivePresenter
from normlab.cli.presenters import JsonPresenter, PlainPresenter, Presenter
from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.engine.events import FAILURES, RunFinished
from normlab.engine.ids import new_run_id
from normlab.lab.presets import Preset
from normlab.views.history import History

Form = Literal["full", "quiet", "json"]
"""What is shown: progress, curves and table; the table alone; or events as JSON."""

_SIGPIPE = 13


def make_presenter(form: Form, preset: Preset) -> Presenter:
    """Choose the presenter: a live one needs a terminal on both streams."""
    if form == "json":
        return JsonPresenter(preset)
    if form == "quiet":
        return Presenter(preset)
    live = sys.stdout.isatty() and sys.stderr.isatty()
    return LivePresenter(preset) if live else PlainPresenter(preset)


def run_plan(preset: Preset, device: str, form: Form) -> int:
    """Run every arm with every seed, show it, and give the exit code."""
    control, presenter = Control(), make_presenter(form, preset)
    histories: dict[str, list[History]] = {}
    code = 0
    with _signals(control) as caught:
        try:
            with presenter:
                pick_device(device)
                for warning in preset.warnings():
                    presenter.tell(f"warning: {warning}")
                for arm, experiment in preset.runs():
                    history = History(arm, experiment)
                    code = max(code, _run(history, device, control, presenter, caught))
                    histories.setdefault(arm, []).append(history)
                    if control.outcome is not None:
                        break
            presenter.finish(histories)
            sys.stdout.flush()
        except OSError as error:
            # Whoever read stdout has gone, head or a whole terminal; what was trained is saved by now.
            if error.errno not in (errno.EPIPE, errno.EIO, errno.ENOSPC):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if error.errno == errno.ENOSPC:
                print(
                    "stdout: can't be written: no space left; free some, or write elsewhere", file=sys.stderr
                )
                return 1
            return 128 + (caught.number or _SIGPIPE)
    return code if caught.number is None else 128 + caught.number


def _run(history: History, device: str, control: Control, presenter: Presenter, caught: "_Caught") -> int:
    """Run one experiment to its end, and give its exit code; what it raises ends this run only."""
    from normlab.engine.loop import run

    run_id = new_run_id()
    folder = places.runs() / run_id
    try:
        events = run(
            history.experiment,
            device=device,
            arm=history.arm,
            control=control,
            folder=folder,
            run_id=run_id,
        )
        with closing(events):
            for event in events:
                history.fold(event)
                caught.training = history.num_steps > 0 and history.outcome is None
                presenter.show(event, history)
        return int(history.outcome in FAILURES)
    except NormlabError as error:
        history.fail(str(error))
        for line in str(error).splitlines()[:20]:
            presenter.tell(line)
        code = 2
    except OSError:
        raise
    except Exception as error:
        # A fault of torch's or of ours: the trace is told, and the other runs go on.
        history.fail(f"{type(error).__name__}: {error}")
        traceback.print_exc()
        code = 1
    reason = (history.reason or "")[:1000]
    failed = RunFinished(run=run_id, outcome="failed", reason=reason, seconds=history.seconds)
    presenter.show(failed, history)
    return code


class _Caught:
    """Which signal came, and whether a training that can stop by itself is under way."""

    number: int | None = None
    training = False


@contextmanager
def _signals(control: Control) -> Generator[_Caught]:
    """Turn INT, TERM and HUP into an interrupt that saves; a second one, or one before training, exits."""
    caught = _Caught()

    def handle(number: int, frame: FrameType | None) -> None:
        if not caught.training:
            # Nothing is to be saved, and an exception would fly through whatever torch is importing.
            with suppress(OSError):
                os.write(2, b"\x1b[?25h\n" if sys.stderr.isatty() else b"")  # rich had hidden the cursor
            os._exit(128 + number)
        caught.number = number
        control.interrupt(f"signal {signal.Signals(number).name}")
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        with suppress(OSError):  # after HUP there may be no terminal to say it on
            print("stopping after this step and saving; once more to stop at once", file=sys.stderr)

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
