"""One setting as one line of the form: a mark, its name, its value; beneath it what is wrong with it."""

import textwrap

from rich.cells import cell_len
from textual.content import Content
from textual.events import Click
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

    class Pressed(Message):
        """The value was clicked."""

        def __init__(self, row: "FieldRow") -> None:
            super().__init__()
            self.row = row

    def __init__(self, row: Row, depth: int) -> None:
        super().__init__(classes="heading" if is_title(row) else None)
        self.row = row
        self._depth = depth

    @property
    def editor(self) -> ValueInput | None:
        """The input, while the value is being typed."""
        return next(iter(self.query_children(ValueInput)), None)

    @property
    def takes_digits(self) -> bool:
        """Whether typing a digit begins to change it."""
        return self.row.field.type in ("integer", "number", "list")

    def show(self, row: Row) -> None:
        """Show another state of the setting."""
        if row != self.row:
            grown = row.problem != self.row.problem
            self.row = row
            self.refresh(layout=grown)

    def edit(self, typed: str | None = None) -> None:
        """Open the value for typing, prefilled with what stands there or with what was just typed."""
        if self.editor is None:
            editor = ValueInput(text_of(self.row) if typed is None else typed, self.row.field.name == "path")
            self.mount(editor)
            editor.focus()

    def close(self) -> None:
        """End the typing."""
        if (editor := self.editor) is not None:
            editor.remove()

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self.refresh()

    def on_click(self, event: Click) -> None:
        if self.editor is None and event.get_content_offset_capture(self).x >= VALUE_COLUMN - 2:
            self.post_message(self.Pressed(self))

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
        told = said(problem)
        lines = textwrap.wrap(told, max(10, width - 5), max_lines=_MAX_PROBLEM_LINES, placeholder=" …")
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
    if field.type not in ("integer", "number"):
        return ""
    low, high = field.minimum, field.maximum
    words = [] if low is None or abs(low) >= 1e6 else [f"{'>' if field.open_minimum else '≥'} {low:g}"]
    if low is not None and high is not None and abs(high) < 1e6:
        words = [f"{low:g}–{high:g}"] if not (field.open_minimum or field.open_maximum) else words
        if field.open_minimum or field.open_maximum:
            words.append(f"{'<' if field.open_maximum else '≤'} {high:g}")
    words = [", ".join(words)] if words else []
    return " or ".join([*words, *field.choices, *(["none"] if field.optional else [])])


def _has_steps(field: Field) -> bool:
    return field.type != "text" and not (field.item is not None and field.item.type == "text")
