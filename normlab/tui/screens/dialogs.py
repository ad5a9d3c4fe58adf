"""Small windows over a screen: a question, a line to type, a text to read, a choice from a list."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from normlab.core.files import write_atomically
from normlab.core.text import visible

T = TypeVar("T")


def lines(text: str) -> Content:
    """Make a text of several lines harmless to show, none of it cut."""
    return Content("\n".join(visible(line, len(line)) for line in text.expandtabs(4).split("\n")))


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
            yield Input(self._value, select_on_focus=False)
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
        chosen = await self.app.push_screen_wait(Ask("Save to", str(self._path), _check_file, "Save"))
        if chosen is None:
            return
        path = Path(chosen).expanduser()
        question = f"{visible(path.name)} is there already. Overwrite it?"
        if path.exists() and not await self.app.push_screen_wait(Confirm(question, "Overwrite")):
            return
        try:
            write_atomically(path, self._text.plain.encode())
        except OSError as error:
            why = f"{visible(str(path), 400)}: can't be written: {error.strerror}"
            self.notify(why, severity="error", markup=False)
        else:
            self.notify(f"Saved {visible(str(path), 400)}", markup=False)


def _check_file(text: str) -> str | None:
    if not text.strip():
        return "Type a file's path."
    try:
        return "This is a folder; add a file's name." if Path(text).expanduser().is_dir() else None
    except (OSError, RuntimeError, ValueError) as error:  # no such user's home, a path too long, a null
        return f"No path: {error}"


class Choose(Dialog[str | None]):
    """Choose one of several `(value, title, description)`; typing filters them, None is none of them."""

    DEFAULT_CSS = """
    Choose > Vertical { width: 76; }
    Choose OptionList {
        height: auto; max-height: 14; margin: 1 0; padding: 0; border: none; background: $surface;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move('cursor_up')", "Up", id="dialog.up", show=False),
        Binding("down", "move('cursor_down')", "Down", id="dialog.down", show=False),
        Binding("pageup", "move('page_up')", "Page up", id="dialog.page_up", show=False),
        Binding("pagedown", "move('page_down')", "Page down", id="dialog.page_down", show=False),
    ]

    def __init__(
        self, title: str, options: Iterable[tuple[str, str, str]], current: str | None = None
    ) -> None:
        super().__init__()
        self._title, self._options, self._current = title, list(options), current
        self._found: Sequence[tuple[str, str, str]] = ()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(lines(self._title), classes="title")
            yield Input(placeholder="Type to filter")
            choices = OptionList(compact=True)
            choices.can_focus = False  # keys stay with the filter
            yield choices

    def on_mount(self) -> None:
        self._show("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, typed: str) -> None:
        words = typed.lower().split()
        found = [o for o in self._options if all(word in " ".join(o).lower() for word in words)]
        # What is called so comes before what only speaks of it.
        found.sort(key=lambda o: not all(word in f"{o[0]} {o[1]}".lower() for word in words))
        self._found = found
        width = min(28, max((len(title) for _, title, _ in self._options), default=0))
        choices = self.query_one(OptionList)
        choices.clear_options()
        choices.add_options([Option(self._row(option, width)) for option in found])
        if not found:
            choices.add_option(Option(Content("Nothing is called so."), disabled=True))
        values = [value for value, _, _ in found]
        choices.highlighted = values.index(self._current) if not words and self._current in values else 0

    def _row(self, option: tuple[str, str, str], width: int) -> Content:
        value, title, description = option
        mark = "● " if value == self._current else "  "
        return Content.assemble(
            mark, (f"{visible(title, 28):{width}}", "bold"), "  ", (visible(description, 200), "$secondary")
        )

    def action_move(self, how: str) -> None:
        getattr(self.query_one(OptionList), f"action_{how}")()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index][0])
