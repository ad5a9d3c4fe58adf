"""A long text to read and to save, such as a trace."""

from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from normlab.tui.screens.dialogs import Dialog
from normlab.tui.screens.saving import save_as
from normlab.tui.widgets.lines import lines


class Read(Dialog[None]):
    """Show a long text, such as a trace; w saves it, by default to `path`."""

    DEFAULT_CSS = """
    Read > Vertical { width: 116; height: 90%; }
    Read VerticalScroll { height: 1fr; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "save", "Save", id="dialog.save", show=False),
        Binding("enter", "close", "Close", id="dialog.close", show=False),
    ]

    def __init__(self, title: str, text: str, path: Path) -> None:
        super().__init__()
        self._title, self._text, self._path = title, lines(text), path

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(lines(self._title), classes="title")
            with VerticalScroll():
                yield Static(self._text)
            with Horizontal():
                yield Button(Content("Save (w)"), id="save", compact=True)
                yield Button(Content("Close (esc)"), id="close", compact=True)

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#save")
    @work
    async def action_save(self) -> None:
        await save_as(self.app, "Save to", self._path, lambda _: self._text.plain)
