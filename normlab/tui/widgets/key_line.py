"""The last line of every screen: the keys of what has the focus."""

from typing import Any

from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static

from normlab.tui.keys import show_key


class KeyLine(Static):
    """Names the keys that matter here, to be clicked too.

    One line of text: Textual's own footer is a widget for each key, made anew at each move of the focus,
    and took half of the time from a key press to its repaint.
    """

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; padding: 0 1; background: $panel; color: $foreground;
        text-wrap: nowrap; text-overflow: ellipsis; link-style: none; link-color: $foreground;
        link-background-hover: $primary; link-color-hover: $background; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._keys: list[tuple[str, str, bool]] = []

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def _follow(self, screen: Screen[Any]) -> None:
        active = screen.active_bindings.values()
        keys = [
            (each.binding.key, each.binding.description, each.enabled) for each in active if each.binding.show
        ]
        if keys != self._keys and screen.app.app_focus:
            self._keys = keys
            self.on_resize()

    def on_resize(self) -> None:
        """Name as many keys as there is room for."""
        said, room = [_key(*each) for each in self._keys], self.content_size.width
        while len(said) > 1 and 0 < room < Content("   ").join(said).cell_length:
            del said[-1]
        self.update(Content("   ").join(said), layout=False)


def _key(key: str, description: str, enabled: bool) -> Content:
    said = Content.assemble((show_key(key), "bold $accent" if enabled else "dim"), " ", description)
    if not enabled:
        return said.stylize("dim")
    return said.stylize(Style.from_meta({"@click": f"app.simulate_key('{key}')"}))
