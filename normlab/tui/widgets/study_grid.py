"""A study's runs in a grid: a row for each cell, a column for each seed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from rich.cells import set_cell_size
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from normlab.core.text import visible
from normlab.tui.themes import hue_of
from normlab.tui.widgets.sparkline import limits, sparkline, thinned
from normlab.tui.widgets.study_layout import PLAIN, SIGNS, follow, layout, short, state_of
from normlab.views.cells import ASCII
from normlab.views.marks import mark_of

if TYPE_CHECKING:
    from normlab.views.board import Board
    from normlab.views.history import History
    from normlab.views.study_table import Summary

MAX_SHARE = 32
"""Percent of the terminal's height that the grid may take: the curves need some, too."""


class StudyGrid(Widget, can_focus=True):
    """Shows how every run stands, with its curve where there is room; the cursor goes from run to run."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    StudyGrid { height: auto; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Details", id="study.open_run"),
        Binding("up", "move(-1, 0)", "Cell above", id="study.up", show=False),
        Binding("down", "move(1, 0)", "Cell below", id="study.down", show=False),
        Binding("left", "move(0, -1)", "Seed before", id="study.left", show=False),
        Binding("right", "move(0, 1)", "Next seed", id="study.right", show=False),
        Binding("pageup", "page(-1)", "Page of cells back", id="study.page_up", show=False),
        Binding("pagedown", "page(1)", "Page of cells on", id="study.page_down", show=False),
        Binding("home", "edge(0)", "First seed", id="study.home", show=False),
        Binding("end", "edge(-1)", "Last seed", id="study.end", show=False),
    ]

    class Moved(Message):
        """The cursor is on another run."""

    class Opened(Message):
        """Somebody wants to see the run under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.row = self.column = 0
        """Where the cursor is: which cell, which seed."""
        self._board: Board | None = None
        self._summaries: Mapping[str, Summary] = {}
        self._metric, self._log, self._ascii = "val_loss", True, False
        self._stamp: object = None
        self._top = self._left = 0
        self._curves: dict[tuple[str, int], tuple[object, list[float]]] = {}

    # What is shown.

    def show(
        self, board: "Board | None", summaries: "Mapping[str, Summary]", metric: str, ascii: bool
    ) -> None:
        """Show a study; `metric` is that of the curves."""
        stamp = (id(board), board and board.version, id(summaries), metric, ascii, self.app.theme)
        if stamp == self._stamp:
            return
        grown = self._rows != (len(board.cells) if board else 0) or board is not self._board
        self._stamp, self._board, self._summaries = stamp, board, summaries
        self._ascii = ascii
        if metric != self._metric or grown:
            self._curves = {}
        self._metric, self._log = metric, metric.endswith(("loss", "rmse"))
        self.row = min(self.row, max(self._rows - 1, 0))
        self.column = min(self.column, max(self._columns - 1, 0))
        self.refresh(layout=grown)

    @property
    def _rows(self) -> int:
        return len(self._board.cells) if self._board else 0

    @property
    def _columns(self) -> int:
        return len(self._board.seeds) if self._board else 0

    @property
    def place(self) -> tuple[str, int] | None:
        """The cell's name and the seed under the cursor."""
        if not self._board or not self._rows or not self._columns:
            return None
        return self._board.cells[self.row].name, self._board.seeds[self.column]

    def history(self) -> "History | None":
        """The run under the cursor; none where it is still to be made."""
        return self._board.histories.get(self.place) if self._board and self.place else None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return min(1 + self._rows, max(4, self.app.size.height * MAX_SHARE // 100))

    # Drawing.

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lay the line out as the board stands now."""
        self._plan()
        return super().render_lines(crop)

    def _plan(self) -> None:
        board = self._board
        if board is None:
            return
        visible_rows = max(self.size.height - 1, 1)
        self._top = follow(self._top, self.row, visible_rows, self._rows)
        names = [len(visible(cell.name, 60)) for cell in board.cells]
        texts = [len(self._said(cell.name)) for cell in board.cells]
        label = len(self.label)
        self._shares = layout(
            self.size.width, max(names) + 2, self._columns, max([*texts, min(label, 20) if any(texts) else 0])
        )
        self._left = follow(self._left, self.column, self._shares.seeds, self._columns)
        shown = board.seeds[self._left : self._left + self._shares.seeds]
        rows = board.cells[self._top : self._top + visible_rows]
        columns = self._shares.spark or self._shares.row_spark
        self._drawn = {
            (cell.name, seed): self._thinned(cell.name, seed, columns) for cell in rows for seed in shown
        }
        self._limits = limits(list(self._drawn.values()), self._log)

    def _thinned(self, cell: str, seed: int, columns: int) -> list[float]:
        assert self._board is not None
        history = self._board.histories.get((cell, seed))
        if history is None or not columns:
            return []
        key = (id(history), len(history.points), history.outcome, columns)
        known = self._curves.get((cell, seed))
        if known is None or known[0] != key:
            _, values = history.curve(self._metric)
            done = 1.0
            if history.outcome is None and history.num_steps:  # it grows as the run goes
                done = min(1.0, history.step / history.num_steps)
            self._curves[cell, seed] = known = key, thinned(values, max(1, round(columns * done)))
        return known[1]

    def render_line(self, y: int) -> Strip:
        """Write one line."""
        width = self.size.width
        if self._board is None:
            return Strip.blank(width, self.rich_style)
        row = self._top + y - 1
        text = self._heading() if y == 0 else self._row(row) if row < self._rows else Text()
        text.end = ""
        strip = Strip(text.render(self.app.console)).adjust_cell_length(width).crop(0, width)
        base = self.rich_style
        if y and row == self.row and row < self._rows:
            base += Style(bgcolor=self._color("panel"))
        return strip.apply_style(base)

    def _heading(self) -> Text:
        assert self._board is not None
        plan, board = self._shares, self._board
        shown = board.seeds[self._left : self._left + plan.seeds]
        fits = plan.spark and all(len(str(seed)) < plan.place for seed in shown)
        seeds = "".join(f"{seed:>{plan.place}}" for seed in shown) if fits else ""
        if not seeds:
            more = f" of {self._columns:,}" if len(shown) < self._columns else ""
            seeds = f" seeds {shown[0]:,}–{shown[-1]:,}{more}" if shown else ""
        places = plan.place * plan.seeds + (plan.row_spark + 2 if plan.row_spark else 0)
        below = f" ↓ {rest} more" if (rest := self._rows - self._top - self.size.height + 1) > 0 else ""
        name = f"cell{below}"
        label = Text(self.label if plan.summary else "", justify="right")
        label.truncate(plan.summary, overflow="ellipsis")
        said = f"{name:{plan.name}} {seeds[:places]:{places}}  {label.plain:>{plan.summary}}"
        return Text(self._plain(said), self._color("secondary"))

    def _row(self, row: int) -> Text:
        assert self._board is not None
        plan, cell = self._shares, self._board.cells[row]
        arm = list(self._board.preset.experiments).index(cell.arm)
        hue = hue_of(self.app.theme, arm)
        text = Text()
        text.append(f"{mark_of(arm)} ", hue)
        name = set_cell_size(short(cell, plan.name - 2), plan.name - 2)
        text.append(name, "bold" if row == self.row else "")
        text.append(" ")
        for column in range(self._left, min(self._left + plan.seeds, self._columns)):
            text.append_text(self._place(cell.name, column, hue, row == self.row and column == self.column))
        if plan.row_spark:
            text.append("  ")
            text.append(f"{self._row_spark(cell.name):{plan.row_spark}}", hue)
        if plan.summary:
            said = self._said(cell.name)[: plan.summary]
            text.append(f"  {said:>{plan.summary}}")
        return text

    def _place(self, cell: str, column: int, hue: str, here: bool) -> Text:
        assert self._board is not None
        seed = self._board.seeds[column]
        sign, plain, color = SIGNS[state_of(self._board.histories.get((cell, seed)))]
        drawn = sparkline(self._drawn[cell, seed], *self._limits, self._log, self._ascii)
        text = Text.assemble((f"{drawn:>{self._shares.spark}}" if self._shares.spark else "", hue))
        text.append(plain if self._ascii else sign, f"bold {self._color(color)}")
        if here:
            text.stylize("underline")
        if here and self.has_focus:
            text.stylize("reverse", len(text) - 1)
        return Text.assemble(" ", text)

    def _row_spark(self, cell: str) -> str:
        """Draw the run under way, else the last one that has a curve."""
        assert self._board is not None
        found = [
            (self._board.histories[cell, seed].outcome is None, drawn)
            for (name, seed), drawn in self._drawn.items()
            if name == cell and drawn
        ]
        running = [drawn for runs, drawn in found if runs]
        curve = (running or [drawn for _, drawn in found])[-1:]
        return sparkline(curve[0], *self._limits, self._log, self._ascii) if curve else ""

    def _said(self, cell: str) -> str:
        summary = self._summaries.get(cell)
        if summary is None:
            return ""
        # How many have failed stands in the row.
        return self._plain(summary.text.partition(" (")[0])

    @property
    def label(self) -> str:
        """Name what the rows' summaries are of."""
        summary = next(iter(self._summaries.values()), None)
        return self._plain(summary.measure.label) if summary is not None else ""

    def _plain(self, text: str) -> str:
        return text.translate(ASCII).translate(PLAIN) if self._ascii else text

    def _color(self, name: str) -> str:
        return self.app.theme_variables[name]

    # Moving.

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        self._go(self.row + rows, self.column + columns)

    def action_page(self, by: int) -> None:
        """Move it by as many cells as are seen."""
        self._go(self.row + by * max(self.size.height - 1, 1), self.column)

    def action_edge(self, end: int) -> None:
        """Move it to the first or the last seed."""
        self._go(self.row, 0 if end == 0 else self._columns - 1)

    def _go(self, row: int, column: int) -> None:
        row, column = min(max(row, 0), max(self._rows - 1, 0)), min(max(column, 0), max(self._columns - 1, 0))
        if (row, column) != (self.row, self.column):
            self.row, self.column = row, column
            self.post_message(self.Moved())
            self.refresh()

    def action_open(self) -> None:
        """Ask for the run under the cursor."""
        if self.place is not None:
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; twice opens the run."""
        offset = event.get_content_offset(self)
        if offset is None or self._board is None or not 0 < offset.y <= self._rows:
            return
        column = self._left + (offset.x - self._shares.name - 1) // self._shares.place
        inside = self._left <= column < self._left + self._shares.seeds
        self._go(self._top + offset.y - 1, column if inside else self.column)
        if event.chain == 2:
            self.action_open()

    def on_mouse_scroll_down(self) -> None:
        """Move the cursor down."""
        self.action_move(1, 0)

    def on_mouse_scroll_up(self) -> None:
        """Move the cursor up."""
        self.action_move(-1, 0)
