"""A choice from a list that typing makes shorter."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from normlab.core.text import visible
from normlab.tui.screens.dialogs import Dialog
from normlab.tui.widgets.lines import lines


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
        # First what is called just so, then what is called so among else, then what only speaks of it.
        found.sort(key=lambda o: (_is_not(o[1].lower(), typed.lower().strip()), not _names(o, words)))
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


def _is_not(title: str, typed: str) -> bool:
    return typed not in (title, *title.split("."))


def _names(option: tuple[str, str, str], words: Sequence[str]) -> bool:
    return all(word in f"{option[0]} {option[1]}".lower() for word in words)
