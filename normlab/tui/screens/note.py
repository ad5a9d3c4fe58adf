"""The dialog in which a note of several lines is written."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static, TextArea

from normlab.tui.screens.dialogs import Dialog
from normlab.tui.widgets.lines import lines


class Note(Dialog[str | None]):
    """Ask for a text; None where nothing is to change."""

    DEFAULT_CSS = """
    Note > Vertical { width: 76; }
    Note TextArea { height: 10; border: none; padding: 0 1; background: $panel; }
    Note TextArea:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="dialog.write", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(lines(self._title), classes="title")
            yield TextArea(self._text, tab_behavior="focus", highlight_cursor_line=False)
            with Horizontal():
                yield Button(Content("Save (ctrl+s)"), id="yes", compact=True)
                yield Button(Content("Cancel (esc)"), id="no", compact=True)

    @on(Button.Pressed, "#yes")
    def action_save(self) -> None:
        self.dismiss(self.query_one(TextArea).text)

    @on(Button.Pressed, "#no")
    def _cancelled(self) -> None:
        self.dismiss(None)
