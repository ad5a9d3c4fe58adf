"""The table of a comparison: a row a setting or a result, a column a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from normlab.views.chart import ASCII
from normlab.views.comparison import CONFOUNDED, NOT_COMPARED, Comparison
from normlab.views.comparison_cells import Cell, Row
from normlab.views.curves import BEST

DIFFERS = "≠"
"""Marks a setting that isn't the baseline's."""
MAX_CELL = 36
"""Characters of a cell that are shown; an export has them all."""
SIDEWAYS = 8
"""Characters that a key press scrolls."""


@dataclass(frozen=True)
class Column:
    """The head of a column."""

    marks: Sequence[tuple[str, str]]
    """Mark and hue, as #rrggbb, of each of its curves."""
    label: str


class ComparisonTable(DataTable[Text]):
    """Scrolls both ways beside its first column; up and down move a cursor that leads the eye."""

    DEFAULT_CSS = """
    ComparisonTable {
        background: $surface;
        scrollbar-size-vertical: 1;
        &:focus { background-tint: $foreground 0%; }
        & > .datatable--header { background: $surface; text-style: none; }
        & > .datatable--fixed { background: $surface; }
        & > .datatable--cursor, & > .datatable--fixed-cursor {
            background: $panel; color: $foreground; text-style: none;
        }
        &:focus > .datatable--cursor, &:focus > .datatable--fixed-cursor {
            background: $primary 25%; text-style: none;
        }
    }
    """

    def __init__(self) -> None:
        super().__init__(cursor_type="row", fixed_columns=1, cursor_foreground_priority="renderable")
        self._ascii = False
        self._columns: list[Text] = []
        self._rows: list[str] = []
        self._cells: list[list[Text]] = []

    def show(self, columns: Sequence[Column], comparison: Comparison, ascii: bool = False) -> None:
        """Bring the table up to date; while its rows and columns stay, only changed cells are touched."""
        self._ascii = ascii
        heads = [self._head(column) for column in columns]
        names: list[str] = []
        cells: list[list[Text]] = []
        for section in comparison.sections:
            if names:
                names.append("")
                cells.append([Text()] * (1 + len(columns)))
            names += [row.name for row in section]
            cells += [self._row(row) for row in section]
        if heads == self._columns and names == self._rows:
            for row, (before, after) in enumerate(zip(self._cells, cells, strict=True)):
                for column, (old, new) in enumerate(zip(before, after, strict=True)):
                    if old != new:
                        self.update_cell_at(Coordinate(row, column), new, update_width=True)
        else:
            self._fill(heads, names, cells)
        self._columns, self._rows, self._cells = heads, names, cells

    def signs(self, by_seed: bool, means: bool) -> str:
        """Say what the table's signs mean, in a line: with several seeds, and with means over them."""
        if means:
            said = f"mean ± sd   {BEST} best   {self._differs} other setting"
        elif by_seed:
            said = f"{BEST} best of a seed   {self._differs} other setting"
        else:
            said = f"{BEST} best   {self._differs} other setting"
        ends = ", by seed" if by_seed else "   = the same"
        return self._plain(f"{said}   ( ) difference to the baseline{ends}")

    @property
    def _differs(self) -> str:
        return "!" if self._ascii else DIFFERS

    def action_cursor_left(self) -> None:
        """Look further left."""
        self.scroll_relative(x=-SIDEWAYS, animate=False)

    def action_cursor_right(self) -> None:
        """Look further right."""
        self.scroll_relative(x=SIDEWAYS, animate=False)

    def _fill(self, heads: Sequence[Text], names: list[str], cells: Sequence[Sequence[Text]]) -> None:
        """Draw all anew; the cursor stays on its row, and the view where it was."""
        here = self._rows[self.cursor_row] if self.cursor_row < len(self._rows) else ""
        x, y = self.scroll_offset
        self.clear(columns=True)
        self.add_columns(Text(), *heads)
        self.add_rows(cells)
        row = names.index(here) if here and here in names else 0
        self.move_cursor(row=row, scroll=False)
        self.call_after_refresh(self.scroll_to, x, y, animate=False)

    def _head(self, column: Column) -> Text:
        label = _short(column.label)
        if len(column.marks) == 1:  # a single curve lends its head its colour
            ((mark, hue),) = column.marks
            return _text(self._plain(f"{mark} {label}"), f"bold {hue}")
        marks = [(self._plain(mark), f"bold {hue}") for mark, hue in column.marks]
        return Text.assemble(*marks, (self._plain(f"{' ' * bool(marks)}{label}"), "bold"))

    def _row(self, row: Row) -> list[Text]:
        warns = row.name in (CONFOUNDED, NOT_COMPARED)
        name = _text(row.name, self._color("warning" if warns else "secondary"))
        return [name, *(self._cell(cell, warns) for cell in row.cells)]

    def _cell(self, cell: Cell, warns: bool) -> Text:
        text = _short(str(cell))
        if cell.is_best:
            return _text(self._plain(f"{BEST} {text}"), f"bold {self._color('success')}")
        if cell.differs:
            return _text(f"{self._differs} {text}", self._color("accent"))
        return _text(f"  {text}", self._color("warning") if warns else "")

    def _color(self, name: str) -> str:
        return self.app.theme_variables[name]

    def _plain(self, text: str) -> str:
        return text.translate(ASCII) if self._ascii else text


def _text(text: str, style: str) -> Text:
    # As a span: Rich takes texts of different styles for equal otherwise.
    return Text.assemble((text, style))


def _short(text: str) -> str:
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"
