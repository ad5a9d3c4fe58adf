"""One setting as one line of the form: a mark, its name, its value; beneath it what is wrong with it."""

import textwrap
from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.events import MouseDown
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from normlab.core.errors import Problem
from normlab.core.fields import Field
from normlab.core.text import visible
from normlab.lab.draft import Row
from normlab.lab.setting_text import show_text
from normlab.tui.widgets.value_input import ValueInput

VALUE_COLUMN = 24
"""Where values begin; two columns before it are kept for the arrow of the focused row."""
_TITLES = {"dataset": "Data", "parametrization": "Weights"}
_MAX_PROBLEM_LINES = 4


class FieldRow(Widget, can_focus=True):
    """A row of the form. It shows; the form changes."""

    DEFAULT_CSS = """
    FieldRow { height: auto; width: 1fr; }
    FieldRow.heading { background: $surface; }
    FieldRow:focus, FieldRow:focus-within { background: $primary 22%; }
    FieldRow ValueInput { margin-left: 24; width: 1fr; }
    """

    # A list of kinds opens while the button is down: a selection that has begun then would never end.
    ALLOW_SELECT: ClassVar[bool] = False

    class Pressed(Message):
        """The value was pressed with the mouse."""

        def __init__(self, row: "FieldRow") -> None:
            super().__init__()
            self.row = row

    def __init__(self, row: Row, depth: int) -> None:
        super().__init__(classes="heading" if is_title(row) else None)
        self.row = row
        self.editor: ValueInput | None = None
        """The input, while the value is being typed."""
        self._depth = depth

    @property
    def takes_digits(self) -> bool:
        """Whether typing a digit begins to change it."""
        return self.row.field.type in ("integer", "number", "list")

    @property
    def is_typed(self) -> bool:
        """Whether its value is typed, neither chosen nor switched."""
        return self.row.field.type not in ("flag", "record", "choice", "part")

    def show(self, row: Row) -> None:
        """Show another state of the setting."""
        if row != self.row:
            grown = row.problem != self.row.problem
            self.row = row
            self.refresh(layout=grown)

    def edit(self, typed: str = "") -> None:
        """Open the value for typing, prefilled with what was just typed, else with what stands there."""
        self.editor = ValueInput(typed or text_of(self.row), self.row.field.name == "path")
        self.mount(self.editor)
        # Not `focus`, which waits: the keys that come next are the input's already.
        self.screen.set_focus(self.editor)

    def close(self) -> None:
        """End the typing."""
        if self.editor is not None:
            self.editor.remove()
            self.editor = None
            self.refresh(layout=self._folds)

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh(layout=self._folds)
        if focused and self._folds:
            self.call_after_refresh(self.scroll_visible, animate=False)

    # Not a click: the warning above folds when its row loses the focus, and the row has moved away
    # from the mouse when the button comes up.
    def on_mouse_down(self, event: MouseDown) -> None:
        at = event.get_content_offset_capture(self)
        if self.editor is None and at.y == 0 and at.x >= VALUE_COLUMN - 2:
            self.post_message(self.Pressed(self))

    @property
    def _folds(self) -> bool:
        """Whether what stands beneath the line is a warning: all of it is told in focus only."""
        return self.row.problem is not None and self.row.problem.warning

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + len(self._problem_lines(width))

    def render(self) -> Content:
        width = self.size.width
        row, title = self.row, is_title(self.row)
        mark = Content.styled("● " if row.differs else "  ", "$accent")
        label = " " * self._depth + title_of(row.path) if title else " " * self._depth + row.field.name
        lead, tail = ("‹ ", " ›") if self.has_focus and _has_steps(row.field) else ("  ", "")
        name = Content.styled(label, "bold" if title else "$secondary")
        name = name.truncate(VALUE_COLUMN - 5, ellipsis=True, pad=True)
        room = max(1, width - VALUE_COLUMN - len(tail))
        value = Content.styled(shown_value(row), self._value_style()).truncate(room, ellipsis=True)
        line = Content.assemble(mark, name, " ", (lead, "$primary"), value, (tail, "$primary"))
        if self.has_focus and (hint := hint_of(row)) and line.cell_length + 2 + cell_len(hint) <= width:
            line = Content.assemble(line, ("  " + hint, "$secondary dim"))
        style = "$warning" if row.problem is not None and row.problem.warning else "$error"
        below = [Content.styled(text, style) for text in self._problem_lines(width)]
        return Content("\n").join([line, *below])

    def _value_style(self) -> str:
        row = self.row
        if row.problem is not None:
            return "bold $warning" if row.problem.warning else "bold $error"
        if row.value is None or row.value is False:
            return "$secondary dim"
        weight = "bold " if is_title(row) else ""
        return weight + ("$accent" if row.differs else "$primary" if row.is_kind else "$foreground")

    def _problem_lines(self, width: int) -> list[str]:
        problem = self.row.problem
        if problem is None:
            return []
        sign = "  ! " if problem.warning else "  ✗ "
        whole = not problem.warning or self.has_focus or self.editor is not None
        most = _MAX_PROBLEM_LINES if whole else 1
        lines = textwrap.wrap(said(problem), max(10, width - 5), max_lines=most, placeholder=" …")
        return [(sign if index == 0 else "    ") + line for index, line in enumerate(lines)]


def is_title(row: Row) -> bool:
    """Tell whether a row heads a section: a part's kind, or a setting of the experiment itself."""
    return row.is_kind or not row.section


def title_of(path: str) -> str:
    """Name a section by its path.

    >>> title_of("model.norm.kind"), title_of("dataset")
    ('Norm', 'Data')
    """
    name = path.removesuffix(".kind").split(".")[-1]
    return _TITLES.get(name, name.capitalize())


def text_of(row: Row) -> str:
    """Write a row's value as it is edited."""
    return "" if row.value is None else show_text(row.value)


def shown_value(row: Row) -> str:
    """Write a row's value as it is shown, harmless."""
    if isinstance(row.value, bool):
        return "on" if row.value else "off"
    return visible(show_text(row.value), 200) or "–"


def said(problem: Problem) -> str:
    """Write a problem for the place where its value stands: the rule, and the remedy."""
    where = (
        visible(problem.path.replace("\\", "/").rsplit("/", 1)[-1], 80) + " " if "/" in problem.path else ""
    )
    remedy = f"; {problem.remedy}" if problem.remedy else ""
    return visible(f"{where}{problem.rule}{remedy}", 600)


def hint_of(row: Row) -> str:
    """Say in a few characters what a setting takes: its bounds, or which of how many it is."""
    field = row.field
    if field.type in ("choice", "part") and row.value in field.choices:
        return f"{field.choices.index(str(row.value)) + 1} of {len(field.choices)}"
    return field.hint() if field.type in ("integer", "number") else ""


def _has_steps(field: Field) -> bool:
    return field.type != "text" and not (field.item is not None and field.item.type == "text")
