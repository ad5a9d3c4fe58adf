"""What Presets and Help have in common: a list, a filter above it, and a page on what is highlighted."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, OptionList

from normlab.tui.screens.mode import ModeScreen
from normlab.tui.session import Session
from normlab.tui.widgets.key_line import KeyLine
from normlab.tui.widgets.too_small import TooSmall


class BrowseScreen(ModeScreen):
    """A list on the left, made shorter by typing; on the right the page of the highlighted line."""

    DEFAULT_CSS = """
    BrowseScreen #list { width: 24; height: 1fr; border-right: solid $panel; }
    BrowseScreen #list Input { border: none; height: 1; padding: 0 1; background: $surface; }
    BrowseScreen #list OptionList {
        height: 1fr; border: none; padding: 0; background: transparent; scrollbar-size-vertical: 1;
    }
    BrowseScreen #list OptionList:focus > .option-list--option-highlighted {
        background: $primary 30%; color: $foreground; text-style: none;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "scroll_page(1)", "Page on", id="browse.page_down", show=False, priority=True),
        Binding("pageup", "scroll_page(-1)", "Page back", id="browse.page_up", show=False, priority=True),
    ]

    def __init__(self, session: Session, mode: str, options: OptionList, page: Widget, hint: str) -> None:
        super().__init__(session, mode)
        self.options, self.page, self.filter = options, page, Input(placeholder=hint, select_on_focus=False)
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.top_bar
        yield self.banner
        with Horizontal():
            with Vertical(id="list"):
                yield self.filter
                yield self.options
            yield self.page
        yield KeyLine()
        yield TooSmall()

    def on_mount(self) -> None:
        self.show_list()
        self.options.focus()

    def show_list(self) -> None:
        """List what holds every word of the filter."""
        raise NotImplementedError

    async def show_page(self) -> None:
        """Show the page of the highlighted line."""
        raise NotImplementedError

    @on(Input.Changed)
    def _typed(self) -> None:
        self.show_list()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        if self._soon is not None:
            self._soon.stop()
        # A held arrow key passes lines faster than their pages can be laid out (50-100 ms each).
        self._soon = self.set_timer(0.05, self.show_page)

    def action_scroll_page(self, by: int) -> None:
        """Turn the page, wherever the focus is; the list has arrows and the filter."""
        (self.page.scroll_page_down if by > 0 else self.page.scroll_page_up)(animate=False)

    def action_find(self) -> None:
        """Go to the filter."""
        self.filter.focus()

    def action_back(self, clear: bool = True) -> None:
        """Go to the list; `clear` lists everything again."""
        if clear:
            self.filter.value = ""
        self.options.focus()
