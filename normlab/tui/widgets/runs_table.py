"""This session's runs, a row each: what they change, how they stand, what came of them."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.widgets import DataTable

from normlab.engine.events import Point
from normlab.tui.session import LabRun, Session
from normlab.tui.themes import hue_of
from normlab.views.marks import mark_of

COLUMNS = {
    "": 2,
    "run": 0,
    "state": 13,
    "epoch": 6,
    "best loss": 10,
    "last loss": 10,
    "score": 7,
    "seconds": 8,
}
"""Heading and width of each column; what is left of the line is the run's name's."""


Wish = Literal["show", "pin", "fork", "rename", "read", "drop"]
"""What may be wanted of a run."""


class RunsTable(DataTable[Text]):
    """The runs of a session. Asks for what it can't do alone by messages."""

    DEFAULT_CSS = """
    RunsTable { background: $surface; overflow-x: hidden; scrollbar-size-vertical: 1; }
    RunsTable > .datatable--header { background: $surface; color: $secondary; text-style: none; }
    RunsTable > .datatable--cursor { background: $panel; color: $foreground; text-style: none; }
    RunsTable:focus > .datatable--cursor { background: $primary 30%; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask('show')", "Show/hide", id="runs.show"),
        Binding("b", "ask('pin')", "Baseline", id="runs.pin"),
        Binding("o", "ask('fork')", "Open as form", id="runs.fork"),
        Binding("e", "ask('rename')", "Rename", id="runs.rename"),
        Binding("i", "ask('read')", "Details, trace", id="runs.read", show=False),
        Binding("D", "ask('drop')", "Drop", id="runs.drop"),
    ]

    class Asked(Message):
        """Something is wanted of a run."""

        def __init__(self, what: Wish, run: LabRun) -> None:
            super().__init__()
            self.what: Wish = what
            self.run = run

    def __init__(self, session: Session) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=0)
        self.session = session
        self._drawn: dict[str, tuple[Text, ...]] = {}
        self._stamps: dict[str, tuple[object, ...]] = {}
        self._width = 0

    def on_resize(self, event: Resize) -> None:
        """Give the names what width there is."""
        if event.size.width == self._width:
            return
        self._width, row = event.size.width, self.cursor_row
        self.clear(columns=True)
        self._drawn, self._stamps = {}, {}
        rest = self._rest
        for name, width in COLUMNS.items():
            justify = "left" if name in ("", "run", "state") else "right"
            self.add_column(Text(name, justify=justify), key=name, width=width or rest)
        self.refresh_session()
        self.move_cursor(row=row)

    @property
    def _rest(self) -> int:
        return max(12, self._width - sum(COLUMNS.values()) - 1)

    @property
    def chosen(self) -> LabRun | None:
        """The run under the cursor."""
        shown = list(self._drawn)
        at = shown[self.cursor_row] if 0 <= self.cursor_row < len(shown) else None
        return next((run for run in self.session.runs if run.id == at), None)

    def refresh_session(self) -> None:
        """Bring the rows up to date, touching the cells that have changed only."""
        if not self.columns:
            return
        runs = list(self.session.runs)
        for gone in self._drawn.keys() - {run.id for run in runs}:
            self.remove_row(gone)
            del self._drawn[gone], self._stamps[gone]
        for run in runs:
            if self._stamps.get(run.id) == (stamp := self._stamp(run)):
                continue
            self._stamps[run.id] = stamp
            cells = self._cells(run)
            before = self._drawn.get(run.id)
            if before is None:
                self.add_row(*cells, key=run.id)
            else:
                for column, old, new in zip(COLUMNS, before, cells, strict=True):
                    if old != new:
                        self.update_cell(run.id, column, new)
            self._drawn[run.id] = cells

    def _stamp(self, run: LabRun) -> tuple[object, ...]:
        """Give what a row is made of, cheaply: of a thousand runs few change at a time."""
        history, session = run.history, self.session
        progress = (history.epoch, history.step, len(history.points), history.outcome)
        return (*progress, session.state(run), session.baseline, run.shown, run.name, self.app.theme)

    def _cells(self, run: LabRun) -> tuple[Text, ...]:
        history, session = run.history, self.session
        state = session.state(run)
        mark = mark_of(run.hue) if run.shown else " "
        is_baseline = run is session.baseline
        label = session.heading(run)
        # Styled by spans: texts of another base style alone count as equal, and would not be drawn again.
        name = Text.assemble((label, "bold" if is_baseline else ""))
        name.truncate(self._rest - 1, overflow="ellipsis")
        place = f"{history.epoch if history.unit == 'epoch' else history.step:,}" if history.num_steps else ""
        return (
            Text.assemble((mark, hue_of(self.app.theme, run.hue))),
            name,
            state_cell(self.app, state),
            Text(place, justify="right"),
            value_cell(history.best, loss_of),
            value_cell(history.last, loss_of),
            value_cell(history.best, score_of),
            Text(f"{history.seconds:.1f}" if history.num_steps else "", justify="right"),
        )

    def on_data_table_row_selected(self) -> None:
        """A click on the row under the cursor does what enter does."""
        self.action_ask("show")

    def action_ask(self, what: Wish) -> None:
        """Ask whoever shows this table to do something with the run under the cursor."""
        if (run := self.chosen) is not None:
            self.post_message(self.Asked(what, run))


def state_cell(app: App[Any], state: str) -> Text:
    """Write how a run stands, coloured where it wants a look."""
    theme = app.current_theme
    error = f"bold {theme.error}"
    styles = {"failed": error, "diverged": error, "oom": error, "running": f"{theme.accent}", "queued": "dim"}
    return Text.assemble((state.replace("_", " "), styles.get(state, "")))


def value_cell(point: Point | None, pick: Callable[[Point], float | None]) -> Text:
    """Write a number of an evaluation, with four decimals unless it is tiny or large."""
    value = pick(point) if point else None
    if value is None:
        return Text("")
    size = abs(value)
    form = ".4f" if size == 0 or 1e-3 <= size < 1e2 else ".1f" if 1e2 <= size < 1e5 else ".2e"
    return Text(f"{value:{form}}", justify="right")


def loss_of(point: Point) -> float | None:
    """Give the loss that a run is judged by."""
    return point.metrics.get("val_loss", point.metrics.get("train_loss"))


def score_metric(point: Point) -> str | None:
    """Name the accuracy or the error that a run is judged by."""
    names = ("val_accuracy", "val_rmse", "train_accuracy", "train_rmse")
    return next((name for name in names if name in point.metrics), None)


def score_of(point: Point) -> float | None:
    """Give that accuracy or error."""
    name = score_metric(point)
    return point.metrics[name] if name else None
