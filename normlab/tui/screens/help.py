"""Help: topics, and the page of one."""

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from normlab.tui.screens.browse import BrowseScreen
from normlab.tui.screens.help_pages import Keys, topics
from normlab.tui.session import Session
from normlab.tui.widgets.prose import Prose


class HelpScreen(BrowseScreen):
    """Topics on the left, the page of the highlighted one on the right.

    `keys` gives (where, key, description) for each binding.
    """

    CSS = """
    HelpScreen #page { height: 1fr; padding: 0 1 0 2; scrollbar-size-vertical: 1; }
    HelpScreen #page:focus { background-tint: $foreground 3%; }
    HelpScreen #heading { text-style: bold; color: $primary; margin-bottom: 1; }
    HelpScreen #below { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "Find", id="help.find"),
        Binding("enter", "read", "Read", id="help.read", show=False),
        Binding("escape", "back", "Topics", id="help.topics"),
        Binding("down", "back(False)", "From the filter to the topics", id="help.down", show=False),
    ]

    def __init__(self, session: Session, keys: Keys) -> None:
        page = VerticalScroll(Static(id="heading"), Prose(), Static(id="below"), id="page")
        super().__init__(session, "help", OptionList(compact=True), page, "/ to find")
        self._topics = topics(keys)
        self._topic = "keys"

    def show(self, topic: str) -> None:
        """Open a topic, such as "norms.group"; one that is unknown opens the keys."""
        self._topic = topic if topic in self._topics else "keys"
        if self.is_mounted:
            self.filter.value = ""
            self.show_list()

    def show_list(self) -> None:
        """List the topics that hold every word typed, the best one highlighted; the open one if none is."""
        typed = self.filter.value.lower().strip()
        words = typed.split()
        found = [
            name
            for name, topic in self._topics.items()
            if all(word in f"{name} {topic.title} {topic.about}".lower() for word in words)
        ]
        if typed:  # what is called so comes before what only speaks of it
            found.sort(key=lambda name: (self._topics[name].title.lower() != typed, typed not in name))
        options = self.options
        options.clear_options()
        options.add_options(Option(self._row(name, bool(typed)), id=name) for name in found)
        if not found:
            options.add_option(Option(Content("Nothing is called so."), disabled=True))
        else:
            options.highlighted = found.index(self._topic) if not typed and self._topic in found else 0

    def _row(self, name: str, full: bool) -> Content:
        """Title a topic, a member of a family by its full name where its family isn't above it."""
        topic = self._topics[name]
        if not topic.member:
            return Content.styled(topic.title, "bold")
        return Content(name if full else f"  {topic.title}")

    async def show_page(self) -> None:
        """Show the highlighted topic."""
        option = self.options.highlighted_option
        if option is None or option.id is None:
            return
        self._topic = option.id
        topic = self._topics[self._topic]
        text, below = topic.write()
        self.query_one("#heading", Static).update(Content(self._topic if topic.member else topic.title))
        self.query_one("#below", Static).update(below)
        self.query_one(Prose).display = bool(text)
        self.page.scroll_home(animate=False)
        await self.query_one(Prose).update(text)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        self.action_read()

    def action_read(self) -> None:
        """Go to the page."""
        self.page.focus()
