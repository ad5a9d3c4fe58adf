"""Small windows over a screen: a question, and a line to type."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from normlab.core.text import visible
from normlab.tui.widgets.lines import lines

T = TypeVar("T")

MANY_RUNS = 20
"""More than these are begun after a question only."""
MAX_TYPED = 4_000
"""Characters of a line, as long as a path may be."""


class Dialog(ModalScreen[T]):
    """A window in the middle of the screen; escape closes it with nothing done."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > Vertical {
        width: 64; max-width: 100%; height: auto; max-height: 100%;
        padding: 0 2; background: $surface; border: round $secondary;
    }
    Dialog .title { text-style: bold; color: $foreground; width: 1fr; margin-bottom: 1; }
    Dialog .error { color: $error; width: 1fr; height: auto; min-height: 1; }
    Dialog .hint { color: $secondary; width: 1fr; }
    Dialog Input { border: none; padding: 0 1; height: 1; background: $panel; }
    Dialog Input:focus { border: none; }
    Dialog * { scrollbar-background: $surface; scrollbar-background-hover: $surface;
        scrollbar-background-active: $surface; }
    Dialog Horizontal { height: 1; width: 1fr; margin-top: 1; align-horizontal: right; }
    Dialog Button {
        min-width: 10; margin-left: 2; padding: 0;
        background: $panel; color: $foreground; text-style: none;
    }
    Dialog Button.-textual-compact:focus { background: $primary; color: $background; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Cancel", id="dialog.cancel", show=False)
    ]

    def action_close(self) -> None:
        self.dismiss(None)


class Confirm(Dialog[bool]):
    """Ask a question that yes or no answers; True means yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes", id="dialog.yes", show=False),
        Binding("n,escape", "answer(False)", "No", id="dialog.no", show=False),
        Binding("left,right", "app.focus_next", "Other button", id="dialog.other", show=False),
    ]

    def __init__(self, question: str, yes: str = "Yes", no: str = "Cancel") -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(lines(self._question), classes="title")
            with Horizontal():
                yield Button(Content(visible(f"{self._yes} (y)")), id="yes", compact=True)
                yield Button(Content(visible(f"{self._no} (n)")), id="no", compact=True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class Ask(Dialog[str | None]):
    """Ask for one line; None when nothing was answered.

    `check` gives what is wrong with a line, or None where it will do; enter takes only such a line.
    """

    def __init__(
        self,
        title: str,
        value: str = "",
        check: Callable[[str], str | None] = lambda _: None,
        yes: str = "OK",
    ) -> None:
        super().__init__()
        self._title, self._value, self._check, self._yes = title, value, check, yes

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(lines(self._title), classes="title")
            yield Input(self._value, select_on_focus=False, max_length=MAX_TYPED)
            yield Static(classes="error")
            with Horizontal():
                yield Button(Content(self._yes), id="yes", compact=True)
                yield Button(Content("Cancel"), id="no", compact=True)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._answer()

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _submitted(self) -> None:
        if (answer := self._answer()) is not None:
            self.dismiss(answer)
        else:
            self.query_one(Input).focus()

    @on(Button.Pressed, "#no")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def _answer(self) -> str | None:
        """Give the line when it will do, and show what is wrong when it won't."""
        value = self.query_one(Input).value
        wrong = self._check(value)
        self.query_one(".error", Static).update(lines(wrong or ""))
        return value if wrong is None else None
