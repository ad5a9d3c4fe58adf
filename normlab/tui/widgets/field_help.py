"""What the setting in focus means."""

from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from normlab.core.choice import members
from normlab.core.text import visible
from normlab.lab.draft import Row
from normlab.tui.widgets.row_list import RowList
from normlab.views import parts


class FieldHelp(Static):
    """Shows the help text of a form."""

    # The breakpoint's class is the screen's.
    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    FieldHelp { height: 3; padding: 0 1; background: $surface; color: $secondary; }
    .-narrow FieldHelp { height: 2; }
    """

    def __init__(self, form: RowList) -> None:
        super().__init__(markup=False)
        self._form = form

    def on_mount(self) -> None:
        self.watch(self._form, "help_text", self._show)

    def _show(self, text: str) -> None:
        self.update(Content(visible(text, 400)), layout=False)  # of a fixed height: nothing moves


def help_of(row: Row) -> str:
    """Say what a setting means and takes; of a kind, what the chosen part is."""
    field = row.field
    if field.family is not None:
        part = members(field.family).get(str(row.value))
        return parts.summary(part) if part is not None else f"One of {', '.join(field.choices)}."
    meaning = " ".join(field.help.split())
    return f"{meaning} Takes {field.rule()}." if field.type in ("integer", "number") else meaning


def first_sentence(row: Row) -> str:
    """Give the first sentence of a setting's help."""
    return " ".join(row.field.help.split()).partition(". ")[0]
