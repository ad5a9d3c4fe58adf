"""The rows of a draft, and how one moves among them."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from normlab.lab.draft import Draft
from normlab.tui.widgets.field_row import FieldRow, is_title, title_of
from normlab.tui.widgets.value_input import ValueInput


class RowList(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Settings, one a line; a part's kind heads the part's own settings."""

    DEFAULT_CSS = """
    RowList { scrollbar-size-vertical: 1; background: $background; }
    RowList > .title { width: 1fr; padding: 0 2; background: $surface; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Setting above", id="form.up", show=False),
        Binding("down", "move(1)", "Setting below", id="form.down", show=False),
        Binding("pageup", "section(-1)", "Part above", id="form.section_up", show=False),
        Binding("pagedown", "section(1)", "Part below", id="form.section_down", show=False),
        Binding("home", "edge(0)", "First setting", id="form.first", show=False),
        Binding("end", "edge(-1)", "Last setting", id="form.last", show=False),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft
        self.rows: dict[str, FieldRow] = {}
        """By path, in the order in which they stand."""
        self.last = ""
        """Path of the row that has the focus, or had it last."""
        self._titles: dict[str, Static] = {}

    def compose(self) -> ComposeResult:
        yield from self._lines()

    @property
    def row(self) -> FieldRow | None:
        """The row in focus, be it that its value is being typed."""
        focused = self.screen.focused
        found = focused.parent if isinstance(focused, ValueInput) else focused
        return found if isinstance(found, FieldRow) and found.parent is self else None

    def show_rows(self) -> None:
        """Show the draft as it stands now; the widgets of rows that are still there stay."""
        order = list(self.rows)
        known = {*self.rows.values(), *self._titles.values()}
        wanted = list(self._lines())
        with self.app.batch_update():
            before: Widget | None = None
            fresh: list[Widget] = []
            for widget in wanted:
                if widget in known:
                    self._mount_behind(before, fresh)
                    if before is not None and self.children.index(widget) < self.children.index(before):
                        self.move_child(widget, after=before)  # kinds list shared settings in their own order
                    before, fresh = widget, []
                else:
                    fresh.append(widget)
            self._mount_behind(before, fresh)
            gone = known.difference(wanted)
            if self.row in gone:
                self.focus_row(list(self.rows)[min(order.index(self.last), len(self.rows) - 1)])
            self.remove_children(list(gone))

    def focus_last(self) -> None:
        """Give the focus to the row that had it last."""
        self.focus_row(self.last)

    def focus_row(self, path: str) -> None:
        """Give the focus to a row; to the first one where that is not there."""
        row = self.rows.get(path) or next(iter(self.rows.values()), None)
        if row is not None:
            row.focus()

    def _lines(self) -> Iterator[Widget]:
        """Yield the widget of each line, that which is there already if there is one."""
        rows, titles = self.rows, self._titles
        self.rows, self._titles = {}, {}
        records: set[str] = set()
        for row in self.draft.rows():
            if row.field.record is not None:
                records.add(row.path)
            # A part's kind and the seed head their sections themselves.
            headed = is_title(row) or row.section in records or f"{row.section}.kind" in self.rows
            if not headed and row.section not in self._titles:
                title = titles.get(row.section) or Static(Content(title_of(row.section)), classes="title")
                self._titles[row.section] = title
                yield title
            widget = rows.get(row.path)
            if widget is None:
                widget = FieldRow(row, depth=0 if is_title(row) else 4 if row.section in records else 2)
            else:
                widget.show(row)
            self.rows[row.path] = widget
            yield widget

    def _mount_behind(self, before: Widget | None, fresh: list[Widget]) -> None:
        if fresh:
            self.mount(*fresh, before=0 if before is None else None, after=before)

    # Moving.

    def action_move(self, by: int) -> None:
        self._go(list(self.rows), by)

    def action_section(self, by: int) -> None:
        firsts: dict[str, str] = {}
        for path, widget in self.rows.items():
            row = widget.row
            firsts.setdefault(row.path if not row.section else row.section, path)
        # A record that is on or off begins no section: its row stands among others.
        self._go(
            [first for section, first in firsts.items() if section == first or section not in self.rows], by
        )

    def _go(self, paths: list[str], by: int) -> None:
        """Go to the next of some rows, seen from the one in focus."""
        order = list(self.rows)
        here = order.index(self.last) if self.last in order else 0
        ahead = [place for path in paths if ((place := order.index(path)) - here) * by > 0]
        if ahead:
            self.focus_row(order[min(ahead) if by > 0 else max(ahead)])

    def action_edge(self, index: int) -> None:
        self.focus_row(list(self.rows)[index])
