"""A preset run without a screen: every arm with every seed, then the table."""

import errno
import os
import signal
import sys
import tomllib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from types import FrameType
from typing import Any

from normlab.cli.presenters import Form, make_presenter
from normlab.core.errors import ConfigError, NormlabError, Problem
from normlab.engine.control import Control
from normlab.lab.checks import check
from normlab.lab.experiment import Experiment
from normlab.lab.presets import BASELINE, Preset, Study, load_preset
from normlab.lab.settings import change

FAILURES = ("diverged", "oom", "failed")
_SIGPIPE = 13


def plan(name: str, settings: Sequence[str], seed: int | None, seeds: int | None) -> Preset:
    """Load a preset and change it as the command line says; every arm is checked before any runs.

    Raises: ConfigError.
    """
    preset = load_preset(name)
    experiment = preset.experiment
    if settings:
        experiment = change(experiment, dict(read_setting(text) for text in settings))
    if seed is not None:
        experiment = change(experiment, {"seed": seed})
    study = preset.study if seeds is None else Study(seeds=seeds)
    preset = preset.with_(experiment=experiment, study=study)
    for arm, experiment in preset.experiments.items():
        try:
            check(experiment)
        except NormlabError as error:
            if arm == BASELINE:
                raise
            told = [Problem(f'arm "{arm}": {p.path}', p.rule, p.remedy, p.value) for p in error.problems]
            raise ConfigError(*told) from None
    return preset


def read_setting(text: str) -> tuple[str, Any]:
    """Read PATH=VALUE; the value is TOML where it can be, and else text.

    >>> read_setting("optimizer.lr=0.1"), read_setting("model.norm.kind=group")
    (('optimizer.lr', 0.1), ('model.norm.kind', 'group'))
    """
    path, equals, value = (piece.strip() for piece in text.partition("="))
    if not path or not equals:
        raise ConfigError(Problem("--set", "must be PATH=VALUE", "try --set optimizer.lr=0.1", text))
    try:
        return path, tomllib.loads(f"value = {value[:10_000]}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return path, value


def run_plan(preset: Preset, device: str, form: Form) -> int:
    """Run every arm with every seed, show it, and give the exit code."""
    from normlab.core import places
    from normlab.engine.device import pick_device
    from normlab.engine.loop import new_run_id, run
    from normlab.views.history import History

    pick_device(device)
    control, presenter = Control(), make_presenter(form, preset)
    histories: dict[str, list[History]] = {}
    with _signals(control) as caught:
        try:
            with presenter:
                for arm, experiment in _runs(preset):
                    run_id, history = new_run_id(), History()
                    folder = places.runs() / run_id
                    events = run(
                        experiment, device=device, arm=arm, control=control, folder=folder, run_id=run_id
                    )
                    with closing(events):
                        for event in events:
                            history.fold(event)
                            presenter.show(event, history)
                            caught.training = event.event in ("run_started", "measured", "progress")
                    if history.experiment is not None:
                        histories.setdefault(arm, []).append(history)
                    if control.outcome is not None:
                        break
            presenter.finish(histories)
            sys.stdout.flush()
        except OSError as error:
            # Whoever read stdout has gone, head or a whole terminal; what was trained is saved by now.
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + (caught.number or _SIGPIPE)
    if caught.number is not None:
        return 128 + caught.number
    return int(any(run.outcome in FAILURES for runs in histories.values() for run in runs))


def _runs(preset: Preset) -> Iterator[tuple[str, Experiment]]:
    for arm, experiment in preset.experiments.items():
        for seed in preset.seeds:
            yield arm, change(experiment, {"seed": seed})


class _Caught:
    """Which signal came, and whether a training that can stop by itself is under way."""

    number: int | None = None
    training = False


@contextmanager
def _signals(control: Control) -> Generator[_Caught]:
    """Turn INT, TERM and HUP into an interrupt that saves; the second one, or one before training, exits."""
    caught = _Caught()

    def handle(number: int, frame: FrameType | None) -> None:
        if caught.number is not None or not caught.training:
            sys.exit(128 + number)
        caught.number = number
        name = signal.Signals(number).name
        control.interrupt(f"signal {name}")
        with suppress(OSError):  # after HUP there may be no terminal to say it on
            print(f"{name}: stopping after this step and saving; once more to stop at once", file=sys.stderr)

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
