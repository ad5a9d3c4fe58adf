"""How a headless run is shown: as plain lines, as JSON, or only in the end. The live one is in live.py."""

import time

from normlab.cli.report import Histories, PipeConsole, print_curves, print_table
from normlab.core.text import visible
from normlab.engine.events import (
    Event,
    Held,
    Measured,
    Point,
    Preparing,
    RunFinished,
    RunStarted,
    Warned,
    WeightsLoaded,
)
from normlab.lab.presets import Preset
from normlab.lab.settings import differences, label
from normlab.lab.study import BASELINE
from normlab.views.history import History

SECONDS_BETWEEN_LINES = 2.0


class Presenter:
    """Shows the table in the end, and before it only what goes wrong: what --quiet asks for."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.narration = PipeConsole(stderr=True, highlight=False, markup=False)
        self.num_runs = len(preset.experiments) * len(preset.seeds)
        self.run_number = 0
        self._warned: set[str] = set()
        self._held: str | None = None

    def __enter__(self) -> "Presenter":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def say(self, text: str) -> None:
        """Tell something beside the results."""

    def follow(self, event: Event, history: History) -> None:
        """Show an event; that the run is held is told once for each trouble, and when it goes on."""
        if isinstance(event, Held):
            if event.reason != self._held:
                self._print(f"the run waits: {visible(event.reason, 400)}")
            self._held = event.reason
        elif self._held is not None:
            self._held = None
            if not isinstance(event, RunFinished):
                self._print("the run goes on")
        self.show(event, history)

    def show(self, event: Event, history: History) -> None:
        """Show what has just happened in the run of that history."""
        if isinstance(event, Warned) and history.points:
            self.tell(f"warning: {event.message}")

    def tell(self, text: str) -> None:
        """Write a line to stderr, whatever else is kept quiet; a second time it is known."""
        if text not in self._warned:
            self._warned.add(text)
            self._print(text)

    def _print(self, text: str) -> None:
        self.narration.print(text, soft_wrap=not self.narration.is_terminal)  # a file keeps its lines whole

    def finish(self, histories: Histories) -> None:
        """Show what came of all runs."""
        if histories:
            print_table(histories)


class JsonPresenter(Presenter):
    """Prints each event as a line of JSON."""

    def show(self, event: Event, history: History) -> None:
        print(event.model_dump_json(), flush=True)

    def finish(self, histories: Histories) -> None:
        pass


class PlainPresenter(Presenter):
    """Writes lines to stderr: a start, an evaluation every few seconds and an end for each run."""

    _told = 0.0

    def say(self, text: str) -> None:
        self._print(text)

    def show(self, event: Event, history: History) -> None:
        match event:
            case RunStarted():
                self.run_number += 1
                data = f"{event.num_train:,} samples to train on, {event.num_val:,} to validate with"
                self.say(f"{self.name(history)}: {event.num_parameters:,} parameters, {data}, {event.device}")
                if event.resumed_at:
                    self.say(f"  goes on after step {event.resumed_at:,} of {event.num_steps:,}")
                self._told = time.monotonic()
            case WeightsLoaded():
                self.say(f"  {weights_line(event)}")
            case Warned():
                self.tell(f"warning: {event.message}")
            case Preparing() if self._is_due():
                self.say(f"downloading {event.what}: {event.done_bytes / 1e6:.1f} MB")
            case Measured() if self._is_due():
                left = f", {history.seconds_left:.0f} s left" if history.seconds_left is not None else ""
                self.say(f"  {history.unit} {history.place(event)}: {metrics_line(event)}{left}")
            case RunFinished():
                self.say(f"  {outcome_line(event, history)}")
            case _:
                pass

    def name(self, history: History) -> str:
        """Name a run: which of how many, its arm and what it changes, its seed."""
        changed = label(list(differences(self.preset.experiment, history.experiment)))
        arm = visible(history.arm)
        what = "" if changed in (history.arm, BASELINE) else f" ({visible(changed)})"
        return f"run {self.run_number}/{self.num_runs}: {arm}{what}, seed {history.experiment.seed}"

    def _is_due(self) -> bool:
        if time.monotonic() - self._told < SECONDS_BETWEEN_LINES:
            return False
        self._told = time.monotonic()
        return True

    def finish(self, histories: Histories) -> None:
        if histories:
            print_curves(histories, self.preset.title)
        super().finish(histories)


def weights_line(event: WeightsLoaded) -> str:
    """Write which weights a model starts from, and what of them didn't match."""
    said = f"weights of {visible(event.origin)}: {event.matched} tensors matched"
    odd = {
        "left as drawn": event.left_as_drawn,
        "of another shape": event.other_shape,
        "not in the model": event.unused,
    }
    for what, names in odd.items():
        if names:
            some = ", ".join(visible(name, 40) for name in names[:3])
            said += f"; {len(names)} {what} ({some}{', …' if len(names) > 3 else ''})"
    return said


def metrics_line(event: Measured) -> str:
    """Write an evaluation as a line: losses, score, speed."""
    names = [name for name in event.metrics if name.startswith(("train_loss", "val_"))]
    said = [f"{name} {event.metrics[name]:.4g}" for name in names]
    return " ".join([*said, f"{event.metrics['samples_per_second']:,.0f}/s"])


def outcome_line(event: RunFinished, history: History) -> str:
    """Write how a run ended, and its best evaluation."""
    said = event.outcome if event.reason is None else f"{event.outcome} ({visible(event.reason, 200)})"
    if event.best is not None:
        said += f"; best at {history.unit} {history.place(event.best)}: {_best_line(event.best)}"
    return f"{said}; {event.seconds:.2f} s"


def _best_line(point: Point) -> str:
    names = [name for name in point.metrics if name.startswith("val_")] or ["train_loss"]
    return ", ".join(f"{name} {point.metrics[name]:.4g}" for name in names)
