"""The dialog in which a note of several lines is written."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static, TextArea

from normlab.tui.screens.dialogs import Confirm, Dialog
from normlab.tui.widgets.lines import lines


class Note(Dialog[str | None]):
    """Ask for a text; None where nothing is to change. What is neither saved nor `before` is asked about."""

    DEFAULT_CSS = """
    Note > Vertical { width: 76; }
    Note TextArea { height: 10; border: none; padding: 0 1; background: $panel; }
    Note TextArea:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="dialog.write", show=False),
    ]

    def __init__(self, title: str, before: str, text: str) -> None:
        super().__init__()
        self._title, self._before, self._text = title, before, text

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
    def action_close(self) -> None:
        self._close()

    @work
    async def _close(self) -> None:
        question = Confirm("Throw away what you have written?", "Throw away")
        changed = self.query_one(TextArea).text != self._before
        if not changed or await self.app.push_screen_wait(question):
            self.dismiss(None)
