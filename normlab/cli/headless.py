"""Runs without a screen, each recorded: a preset's arms with every seed, or a kept run that goes on."""

import sys
import traceback
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from normlab.cli.durations import read_duration
from normlab.cli.output import output_failed
from normlab.cli.presenters import JsonPresenter, PlainPresenter, Presenter
from normlab.cli.signals import Caught, catching
from normlab.cli.start_weights import KeptWeights, find_weights
from normlab.core.errors import NormlabError
from normlab.core.garbage import collect_from_here
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.engine.events import FAILURES, RunCreated, RunFinished, RunStarted
from normlab.engine.ids import new_run_id
from normlab.lab.presets import Preset
from normlab.store.record import record
from normlab.store.store import Store
from normlab.store.sweep import open_swept
from normlab.views.history import History

if TYPE_CHECKING:
    from normlab.engine.weights import StartWeights

Form = Literal["full", "quiet", "json"]
"""What is shown: progress, curves and table; the table alone; or events as JSON."""


@dataclass(frozen=True)
class How:
    """How runs are trained, beside their experiments."""

    device: str = "auto"
    start: KeptWeights | None = None
    """Weights that each run starts from; none for those that are drawn."""
    checkpoint_every: int | None = None
    """Epochs, or steps where training is counted in steps, between checkpoints."""
    time_limit_seconds: float | None = None
    """For each run."""


@dataclass(frozen=True)
class Turn:
    """A run that is to be trained, or to go on."""

    history: History
    id: str
    resumes: bool = False


def read_how(device: str, start: str | None, checkpoint_every: int | None, time_limit: str | None) -> How:
    """Read how runs are to be trained, as the command line says it.

    Raises: ConfigError; StoreError for a run whose weights are asked for.
    """
    weights = None if start is None else find_weights(open_swept(), start)
    seconds = None if time_limit is None else read_duration(time_limit, "--time-limit")
    return How(device, weights, checkpoint_every, seconds)


def make_presenter(form: Form, preset: Preset) -> Presenter:
    """Choose the presenter: a live one needs a terminal on both streams."""
    if form == "json":
        return JsonPresenter(preset)
    if form == "quiet":
        return Presenter(preset)
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        return PlainPresenter(preset)
    from normlab.cli.live import LivePresenter  # rich's bars, which no other form is to pay for

    return LivePresenter(preset)


def run_plan(preset: Preset, how: How, form: Form) -> int:
    """Run every arm with every seed, show and record it, and give the exit code.

    Raises: StoreError, before anything trains, when the store can't be had.
    """
    turns = (Turn(History(arm, experiment), new_run_id()) for arm, experiment in preset.runs())
    return train(turns, make_presenter(form, preset), open_swept(), how)


def train(turns: Iterable[Turn], presenter: Presenter, store: Store, how: How) -> int:
    """Train one run after the other, show and record them, and give the exit code.

    Raises: NormlabError for a run that was to go on, and stays as it was; and for weights to start from.
    """
    control = Control()
    histories: dict[str, list[History]] = {}
    code = 0
    with catching(control) as caught:
        try:
            with presenter:
                pick_device(how.device)
                weights = how.start and how.start.read()
                collect_from_here()
                if store.problem is not None:
                    kept = "this run isn't kept: " if store.is_read_only else ""  # as the run itself will say
                    presenter.tell(f"warning: {kept}{store.problem}")
                for warning in presenter.preset.warnings():
                    presenter.tell(f"warning: {warning}")
                for turn in (rest := iter(turns)):
                    code = max(code, _train(turn, presenter, store, how, weights, control, caught))
                    histories.setdefault(turn.history.arm, []).append(turn.history)
                    if control.outcome is not None and (left := sum(1 for _ in rest)):
                        presenter.tell(f"{left:,} more were not begun")
                    if control.outcome is not None:
                        break
            presenter.finish(histories)
            sys.stdout.flush()
        except OSError as error:
            code = output_failed(error)  # what was trained is saved by now
    return code if caught.number is None else 128 + caught.number


def _train(
    turn: Turn,
    presenter: Presenter,
    store: Store,
    how: How,
    weights: "StartWeights | None",
    control: Control,
    caught: Caught,
) -> int:
    """Train one run to its end, and give its exit code; what it raises ends this run only.

    Raises: NormlabError for one that was to go on, and hasn't begun to.
    """
    from normlab.engine.loop import run

    history, folder, created = turn.history, store.runs / turn.id, False
    try:
        events = run(
            history.experiment,
            device=how.device,
            arm=history.arm,
            control=control,
            folder=folder,
            run_id=turn.id,
            weights=weights,
            resume=turn.resumes,
            checkpoint_every=how.checkpoint_every,
            time_limit_seconds=how.time_limit_seconds,
        )
        with closing(record(events, store, control=control)) as recorded:
            for event in recorded:
                history.fold(event)
                created = created or isinstance(event, RunCreated)
                if isinstance(event, RunStarted | RunFinished):
                    caught.training = isinstance(event, RunStarted)
                presenter.follow(event, history)
        if history.outcome in ("interrupted", "stopped") and not store.is_read_only:
            presenter.tell(f"resume with: normlab runs resume {turn.id}")
        return int(history.outcome in FAILURES)
    except NormlabError as error:
        if turn.resumes and not created:
            raise
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
    finally:
        caught.training = False
    reason = (history.reason or "")[:1000]
    failed = RunFinished(run=turn.id, outcome="failed", reason=reason, seconds=history.seconds)
    presenter.follow(failed, history)
    return code
