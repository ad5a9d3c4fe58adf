"""What can be done with the training, how far it is, and why it can't be started."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from normlab.core.text import visible
from normlab.tui.widgets.action import Action
from normlab.tui.workbench import Workbench

_BARS = ((110, 16), (0, 6))
"""From which width of the terminal on the bar has how many cells."""


class RunBar(Horizontal):
    """Run, pause, one epoch, stop: to click, or by the key that stands beside each."""

    DEFAULT_CSS = """
    RunBar { height: 1; background: $surface; }
    RunBar > Action { text-style: bold; color: $success; }
    RunBar > Action:disabled { text-style: none; color: $secondary 60%; }
    RunBar > #place { width: 1fr; text-align: right; padding: 0 1; text-wrap: nowrap;
        text-overflow: ellipsis; }
    RunBar > #place.refused { color: $error; }
    """

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.bench = bench
        self.start = Action("▶ Run", "run", "r", "app.run")
        self.pause = Action("‖ Pause", "pause", "space", "app.pause")
        self.single = Action("» Epoch", "single", "n", "app.single")
        self.stop = Action("■ Stop", "stop", "x", "app.stop")
        self._place = Static(id="place", markup=False)

    def compose(self) -> ComposeResult:
        yield self.start
        yield self.pause
        yield self.single
        yield self.stop
        yield self._place

    def on_mount(self) -> None:
        self.refresh_session()

    def refresh_session(self) -> None:
        """Show what can be done now."""
        session, refusal = self.bench.session, self.bench.refusal()
        running = session.current is not None
        self.start.show("▶ Queue" if running else "▶ Run", refusal is None)
        self.pause.show("▶ Go on" if session.paused else "‖ Pause", running)
        self.single.show(f"» {self._stride()}", running or refusal is None)
        self.stop.show("■ Stop", running)
        self._place.set_class(refusal is not None, "refused")
        said = f"can't run: {refusal}" if refusal is not None else self._progress()
        self._place.update(Content(said), layout=False)

    def _rest(self) -> str:
        """Say what came of the last run; before the first, which preset is in the form."""
        session = self.bench.session
        ended = next((run for run in reversed(session.runs) if run.finished and not run.recalled), None)
        if ended is None:
            return visible(self.bench.preset.title, 80)
        return f"{session.label(ended)}: {session.state(ended).replace('_', ' ')}"

    def _stride(self) -> str:
        """Say how far one press trains: to the next evaluation."""
        run, draft = self.bench.session.current, self.bench.draft
        experiment = run.experiment if run is not None else draft.experiment or draft.baseline
        unit, every = experiment.training.unit, experiment.training.evaluate_every
        return unit.capitalize() if every == 1 else f"{every:,} {unit}s"

    def _progress(self) -> str:
        session = self.bench.session
        run = session.current
        if run is None and session.beside and session.waiting:
            return f"waits for the {session.beside}"
        if run is None:
            return self._rest()
        history = run.history
        if not history.num_steps:
            return ""
        training = run.experiment.training
        total = training.epochs if training.steps is None else training.steps
        now = history.epoch if history.unit == "epoch" else history.step
        cells = next(cells for width, cells in _BARS if self.app.size.width >= width)
        filled = round(cells * min(1.0, history.step / history.num_steps))
        return f"{history.unit} {now:,}/{total:,} {'━' * filled}{'─' * (cells - filled)}"
