"""A page of the kept runs, a row each: what they are, what came of them, when they were begun."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message
from textual.widgets import DataTable

from normlab.core.text import visible
from normlab.engine.events import Point
from normlab.store.kept import KeptRun
from normlab.tui.widgets.runs_table import loss_of, score_metric, score_of, state_cell, value_cell

WIDE = 110
"""From this width of the table on it has all columns."""


@dataclass(frozen=True)
class KeptColumn:
    """A column of the table."""

    narrow: int
    """Width, the space before the next one included, where there is little room; 0 leaves it out."""
    wide: int
    sort: str = ""
    """What a click on its heading sorts by."""
    right: bool = False


COLUMNS = {
    "": KeptColumn(2, 2),
    "id": KeptColumn(7, 7),
    "run": KeptColumn(-1, -3, "name"),
    "dataset": KeptColumn(9, 10, "dataset"),
    "norm": KeptColumn(7, 9, "norm"),
    "seed": KeptColumn(0, 6, "seed"),
    "outcome": KeptColumn(12, 14, "outcome"),
    "best loss": KeptColumn(9, 9, "val_loss", right=True),
    "score": KeptColumn(8, 12, "val_accuracy", right=True),
    "seconds": KeptColumn(0, 8, "seconds", right=True),
    "begun": KeptColumn(8, 12, "date", right=True),
    "tags": KeptColumn(0, -1),
}
"""By heading; negative widths share what is left of the line."""


@dataclass(frozen=True)
class Standing:
    """What this sitting knows of a kept run."""

    state: str | None
    """How it stands; none where it has ended, which the store knows."""
    mark: str = " "
    """That of its curve, where it is picked."""
    color: str = ""


class KeptTable(DataTable[Text]):
    """One page of runs. Asks for other pages, and other orders, by messages."""

    DEFAULT_CSS = """
    KeptTable { background: $surface; overflow: hidden; height: 1fr; }
    KeptTable:focus { background-tint: $foreground 0%; }
    KeptTable > .datatable--header { background: $surface; color: $secondary; text-style: none; }
    KeptTable > .datatable--cursor { background: $panel; color: $foreground; text-style: none; }
    KeptTable:focus > .datatable--cursor { background: $primary 30%; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Details", id="kept.details"),
        Binding("home", "turn('edge', -1)", "First run", id="kept.first", show=False),
        Binding("end", "turn('edge', 1)", "Last run", id="kept.last", show=False),
    ]

    class Turned(Message):
        """Another stretch of the runs is wanted."""

        def __init__(self, how: Literal["row", "edge"], by: int) -> None:
            super().__init__()
            self.how: Literal["row", "edge"] = how
            self.by = by

    class Sorted(Message):
        """Another order is wanted."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Resized(Message):
        """There is room for more runs, or for fewer."""

    def __init__(self) -> None:
        super().__init__(cursor_type="row", cell_padding=0)
        self.runs: list[KeptRun] = []
        self._cells: list[list[Text]] = []
        self._left: str | None = None
        self._widths: dict[str, int] = {}

    @property
    def page_rows(self) -> int:
        """How many runs there is room for."""
        return max(1, self.size.height - 1)

    @property
    def is_wide(self) -> bool:
        """Whether all columns are shown."""
        return self.size.width >= WIDE

    @property
    def chosen(self) -> KeptRun | None:
        """The run under the cursor."""
        if self._left is not None:
            return next((run for run in self.runs if run.id == self._left), None)
        return self.runs[self.cursor_row] if 0 <= self.cursor_row < len(self.runs) else None

    def on_resize(self, event: Resize) -> None:
        """Share the width among the columns."""
        self.post_message(self.Resized())
        widths = _widths(event.size.width)
        if widths == self._widths:
            return
        self._left = self.chosen.id if self.chosen else None  # the cursor goes back to it
        self._widths, self._cells = widths, []
        self.clear(columns=True)
        for name, width in widths.items():
            justify = "right" if COLUMNS[name].right else "left"
            heading = Text("  tags" if name == "tags" else name, justify=justify)
            self.add_column(heading, key=name, width=width)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what needs a run where there is none."""
        return None if action == "select_cursor" and self.chosen is None else True

    def show(
        self,
        runs: Sequence[KeptRun],
        standings: Mapping[str, Standing],
        row: int | None = None,
        id: str | None = None,
    ) -> None:
        """Show a page; the cursor goes to a row, or to a run, or stays on its own. Only changes are drawn."""
        here, on = self.cursor_row, id or (self.chosen.id if self.chosen else None)
        cells = [self._row(run, standings.get(run.id)) for run in runs]
        self.runs = list(runs)
        if len(cells) != len(self._cells):
            self.clear()
            self.add_rows(cells)
        else:
            for at, (old, new) in enumerate(zip(self._cells, cells, strict=True)):
                for column, (before, after) in enumerate(zip(old, new, strict=True)):
                    if before != after:
                        self.update_cell_at((at, column), after)  # pyright: ignore[reportArgumentType]
        self._cells = cells
        ids = [run.id for run in runs]
        self._left = None
        stays = ids.index(on) if on in ids else here
        self.move_cursor(row=stays if row is None else row)

    def _row(self, run: KeptRun, standing: Standing | None) -> list[Text]:
        settings, known = settings_of(run), standing or Standing(None)
        state = known.state or run.outcome or "running"
        texts = {
            "": Text.assemble((known.mark, known.color)),
            "id": Text.assemble((visible(run.id, 20), "dim")),
            "run": Text(visible(run.title)),
            "dataset": Text(settings[0]),
            "norm": Text(settings[1]),
            "seed": Text(str(run.seed)),
            "outcome": state_cell(self.app, state),
            "best loss": value_cell(run.best, loss_of),
            "score": _score_cell(run.best) if self.is_wide else value_cell(run.best, score_of),
            "seconds": Text(f"{run.seconds:.1f}"),
            "begun": Text(begun(run.created, self.is_wide)),
            "tags": Text("  " + " ".join(visible(tag) for tag in run.tags)),
        }
        if state == "early_stopped" and not self.is_wide:
            texts["outcome"].right_crop(len("ped"))
        for name, width in self._widths.items():
            right = COLUMNS[name].right
            texts[name].truncate(width if right else width - 1, overflow="ellipsis")
            texts[name].justify = "right" if right else "left"
        return [texts[name] for name in self._widths]

    def action_turn(self, how: Literal["row", "edge"], by: int) -> None:
        """Ask for the runs before (-1) or behind (1)."""
        self.post_message(self.Turned(how, by))

    def action_cursor_down(self) -> None:
        """Go to the next run, be it on the next page."""
        if self.cursor_row >= len(self.runs) - 1:
            self.action_turn("row", 1)
        else:
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        """Go to the run before, be it on the page before."""
        if self.cursor_row <= 0:
            self.action_turn("row", -1)
        else:
            super().action_cursor_up()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Roll on by a few runs."""
        event.prevent_default().stop()
        self.action_turn("row", 3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Roll back by a few runs."""
        event.prevent_default().stop()
        self.action_turn("row", -3)

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Sort by the column that is clicked on."""
        if sort := COLUMNS[str(event.column_key.value)].sort:
            self.post_message(self.Sorted(sort))


def _score_cell(point: Point | None) -> Text:
    """Write the accuracy, or the error of a regression marked as such: small is good there."""
    cell = value_cell(point, score_of)
    is_error = point is not None and (score_metric(point) or "").endswith("rmse")
    return Text.assemble(("rmse ", "dim"), cell) if is_error else cell


def settings_of(run: KeptRun) -> tuple[str, str]:
    """Give data set and norm of a run, harmless to show, be it of a version whose settings aren't known."""
    try:
        tree: Any = json.loads(run.experiment_json)
        dataset, norm = tree["dataset"]["kind"], tree["model"].get("norm", {}).get("kind", "")
    except (ValueError, TypeError, KeyError, AttributeError):
        return "?", "?"
    return visible(str(dataset), 40), visible(str(norm), 40)


def begun(created: float, long: bool = True, now: datetime | None = None) -> str:
    """Write when a run began, as shortly as can be told from now.

    >>> then, now = datetime(2026, 3, 9, 14, 32), datetime(2026, 11, 5)
    >>> begun(then.timestamp(), True, now), begun(then.timestamp(), False, now)
    ('03-09 14:32', '03-09')
    >>> begun(then.timestamp(), False, then), begun(then.timestamp(), False, datetime(2027, 1, 1))
    ('14:32', '2026-03')
    """
    try:
        then, now = datetime.fromtimestamp(created), now or datetime.now()
    except (ValueError, OverflowError, OSError):
        return "?"
    if then.year != now.year:
        return f"{then:%Y-%m-%d}" if long else f"{then:%Y-%m}"
    if long:
        return f"{then:%m-%d %H:%M}"
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%m-%d}"


def _widths(width: int) -> dict[str, int]:
    wanted = {name: each.wide if width >= WIDE else each.narrow for name, each in COLUMNS.items()}
    shares = -sum(each for each in wanted.values() if each < 0)
    rest = width - sum(each for each in wanted.values() if each > 0) - 1
    return {
        name: each if each > 0 else max(8, rest * -each // shares) for name, each in wanted.items() if each
    }
