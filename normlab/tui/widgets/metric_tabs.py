"""The line of tabs above a chart."""

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from normlab.views.curves import LOSS, Tab


class MetricTabs(Widget):
    """One line of tabs."""

    DEFAULT_CSS = "MetricTabs { height: 1; }"

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, tab: Tab) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self) -> None:
        super().__init__()
        self._tabs: list[Tab] = []
        self._front = LOSS

    def show(self, found: list[Tab], front: Tab) -> None:
        """Show these tabs, one of them in front."""
        if (found, front) != (self._tabs, self._front):
            self._tabs, self._front = found, front
            self.refresh()

    def render(self) -> Content:
        """Write the titles; the one in front is bold and underlined."""
        parts: list[str | tuple[str, str]] = []
        for tab in self._tabs:
            style = "bold underline $primary" if tab == self._front else "$secondary"
            parts += [(tab.title, style), "  "]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Bring the tab under the pointer to the front."""
        left = 0
        for tab in self._tabs:
            if left <= event.x < left + len(tab.title):
                self.post_message(self.Picked(tab))
            left += len(tab.title) + 2
