"""How a headless run is shown: live on a terminal, as plain lines, as JSON, or only in the end."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from normlab.core.text import visible
from normlab.engine.events import Event, Measured, Preparing, RunFinished, RunStarted, Warned
from normlab.lab.presets import Preset
from normlab.views.history import History

if TYPE_CHECKING:
    from rich.progress import TaskID

Form = Literal["full", "quiet", "json"]
"""What is shown: curves and table, the table alone, or events as JSON."""

Histories = Mapping[str, Sequence[History]]


class Presenter:
    """Shows nothing while runs go on, and the table in the end: what --quiet asks for."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.narration = Console(stderr=True, highlight=False, markup=False)
        self.num_runs = len(preset.experiments) * len(preset.seeds)
        self.run_number = 0

    def __enter__(self) -> "Presenter":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def show(self, event: Event, history: History) -> None:
        """Show what has just happened in the run of that history."""

    def finish(self, histories: Histories) -> None:
        """Show what came of all runs."""
        from normlab.cli.report import print_table

        if histories:
            print_table(histories)


class JsonPresenter(Presenter):
    """Prints each event as a line of JSON."""

    def show(self, event: Event, history: History) -> None:
        print(event.model_dump_json(), flush=True)

    def finish(self, histories: Histories) -> None:
        pass


class PlainPresenter(Presenter):
    """Writes lines to stderr: a start, a few evaluations and an end for each run."""

    seconds_between = 2.0
    _told = 0.0

    def show(self, event: Event, history: History) -> None:
        match event:
            case RunStarted():
                self.run_number += 1
                self._say(f"{self.name(event)}: {event.num_parameters:,} parameters on {event.device}")
                self._told = time.monotonic()
            case Warned():
                self._say(f"warning: {event.message}")
            case Preparing() if time.monotonic() - self._told > self.seconds_between:
                self._told = time.monotonic()
                self._say(f"downloading {event.what}: {event.done_bytes / 1e6:.1f} MB")
            case Measured() if time.monotonic() - self._told > self.seconds_between:
                self._told = time.monotonic()
                self._say(f"  epoch {event.epoch}, step {event.step}: {metrics_line(event)}")
            case RunFinished():
                self._say(f"  {outcome_line(event)}")
            case _:
                pass

    def name(self, event: RunStarted) -> str:
        """Name a run: which of how many, its arm, its seed."""
        return f"run {self.run_number}/{self.num_runs}: {visible(event.arm)}, seed {event.seed}"

    def _say(self, text: str) -> None:
        self.narration.print(text, soft_wrap=True)

    def finish(self, histories: Histories) -> None:
        from normlab.cli.report import print_curves

        if histories:
            print_curves(histories, self.preset.title)
        super().finish(histories)


class LivePresenter(PlainPresenter):
    """Draws a progress bar for the run under way, with its latest metrics, on a terminal."""

    _task: "TaskID | None" = None

    def __enter__(self) -> "Presenter":
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[place]}", markup=False),
            TextColumn("{task.fields[metrics]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=self.narration,
            refresh_per_second=8,
        )
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def show(self, event: Event, history: History) -> None:
        match event:
            case RunStarted():
                self.run_number += 1
                if self._task is not None:
                    self._bar.remove_task(self._task)
                self._task = self._bar.add_task(
                    f"{self.run_number}/{self.num_runs} {visible(event.arm, 24)} · seed {event.seed}",
                    total=event.num_steps,
                    place="",
                    metrics="",
                )
            case Preparing():
                if self._task is None or self._bar.tasks[0].fields.get("place") != event.what:
                    if self._task is not None:
                        self._bar.remove_task(self._task)
                    self._task = self._bar.add_task("downloading", place=event.what, metrics="", total=None)
                self._bar.update(self._task, completed=event.done_bytes, total=event.total_bytes)
            case Warned():
                self._say(f"warning: {event.message}")
            case RunFinished():
                if self._task is not None:
                    self._bar.remove_task(self._task)
                    self._task = None
                description = (
                    f"{self.run_number}/{self.num_runs} {visible(history.arm)} · seed {history.seed}"
                )
                self._say(f"{description}: {outcome_line(event)}")
            case _:
                if self._task is not None:
                    self._bar.update(self._task, completed=history.step, place=f"epoch {history.epoch}")
        if isinstance(event, Measured) and self._task is not None:
            self._bar.update(self._task, metrics=metrics_line(event))


def metrics_line(event: Measured) -> str:
    """Write an evaluation as a line: losses, score, speed."""
    names = [name for name in event.metrics if name.startswith(("train_loss", "val_"))]
    said = [f"{name} {event.metrics[name]:.4g}" for name in names]
    return " ".join([*said, f"{event.metrics['samples_per_second']:,.0f}/s"])


def outcome_line(event: RunFinished) -> str:
    """Write how a run ended, and its best evaluation."""
    said = event.outcome if event.reason is None else f"{event.outcome} ({visible(event.reason, 200)})"
    if event.best is not None:
        names = [name for name in event.best.metrics if name.startswith("val_")] or ["train_loss"]
        metrics = ", ".join(f"{name} {event.best.metrics[name]:.4g}" for name in names)
        said += f"; best at epoch {event.best.epoch}: {metrics}"
    return f"{said}; {event.seconds:.2f} s"


def make_presenter(form: Form, preset: Preset) -> Presenter:
    """Choose the presenter: a live one needs a terminal on both streams."""
    if form == "json":
        return JsonPresenter(preset)
    if form == "quiet":
        return Presenter(preset)
    live = sys.stdout.isatty() and sys.stderr.isatty()
    return LivePresenter(preset) if live else PlainPresenter(preset)
