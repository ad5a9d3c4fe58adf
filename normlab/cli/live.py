"""A progress line for the run under way, on a terminal."""

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from normlab.cli.presenters import PlainPresenter, Presenter, metrics_line, outcome_line, weights_line
from normlab.core.text import visible
from normlab.engine.events import Event, Measured, Preparing, RunFinished, RunStarted, Warned, WeightsLoaded
from normlab.lab.presets import Preset
from normlab.views.history import History


class LivePresenter(PlainPresenter):
    """Draws a bar, the time left and the latest metrics; finished runs leave a line above it."""

    def __init__(self, preset: Preset) -> None:
        super().__init__(preset)
        fixed, rest = Column(no_wrap=True), Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False, table_column=fixed),
            BarColumn(bar_width=10, table_column=fixed),
            TimeRemainingColumn(compact=True, table_column=fixed),
            TextColumn("{task.fields[place]} {task.fields[metrics]}", markup=False, table_column=rest),
            console=self.narration,
            refresh_per_second=8,
            expand=True,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Presenter:
        self._bar.start()
        self._begin("loading PyTorch", None)
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def show(self, event: Event, history: History) -> None:
        assert self._task is not None, "a task begins with the presenter"
        match event:
            case RunStarted():
                self.run_number += 1
                self._begin(self._short_name(history), event.num_steps)
            case Preparing():
                total = event.total_bytes
                self._bar.update(self._task, completed=event.done_bytes, total=total, place=event.what)
            case WeightsLoaded():
                self.say(weights_line(event))
            case Warned():
                self.tell(f"warning: {event.message}")
            case RunFinished():
                self.say(f"{self._short_name(history)}: {outcome_line(event, history)}")
                self._begin("next run", None)
            case _:
                self._bar.update(
                    self._task, completed=history.step, place=f"{history.unit} {self._now(history)}"
                )
        if isinstance(event, Measured):
            self._bar.update(self._task, metrics=metrics_line(event))

    def _begin(self, description: str, total: float | None) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(description, total=total, place="", metrics="")

    def _short_name(self, history: History) -> str:
        run = f"{self.run_number}/{self.num_runs}" if self.num_runs > 1 else ""
        return f"{run} {visible(history.arm, 18)} · seed {history.experiment.seed}".strip()

    def _now(self, history: History) -> int:
        return history.epoch if history.unit == "epoch" else history.step
