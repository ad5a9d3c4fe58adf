"""Help: the keys, the words of the lab, and every part with its formula, source and settings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from pydantic import BaseModel
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from normlab.core.choice import Part, members
from normlab.core.fields import describe
from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.session import Session
from normlab.tui.widgets.prose import Prose
from normlab.tui.widgets.too_small import TooSmall
from normlab.views import parts
from normlab.views.words import WORDS

Keys = Callable[[], Sequence[tuple[str, str, str]]]
Page = tuple[str, RenderableType]
"""Markdown, and what stands below it."""


@dataclass(frozen=True)
class Topic:
    """A page of help, written when somebody opens it."""

    title: str
    about: str
    """What the filter looks into beside the title."""
    write: Callable[[], Page]
    member: bool = False
    """One of a family: its title is indented."""


def topics(keys: Keys) -> dict[str, Topic]:
    """List every page by its name: "keys", "words", "experiment", "training", "norms", "norms.group"."""
    found = {
        "keys": Topic("Keys", "bindings shortcuts", partial(_keys_page, keys)),
        "words": Topic("Words", " ".join(WORDS), _words_page),
        "experiment": Topic("Experiment", parts.summary(Experiment), _experiment_page),
    }
    for name, field in describe(Experiment).items():
        if (record := field.record) is not None:
            about = f"{parts.summary(record)} {' '.join(describe(record))}"
            found[name] = Topic(name.capitalize(), about, partial(_record_page, record))
    for family in parts.families():
        name = parts.family_name(family)
        found[name] = Topic(name.capitalize(), parts.summary(family), partial(_family_page, family))
        for kind, part in members(family).items():
            page = partial(_part_page, family, part)
            found[f"{name}.{kind}"] = Topic(kind, f"{name} {parts.summary(part)}", page, member=True)
    return found


def _keys_page(keys: Keys) -> Page:
    places: dict[str, list[tuple[str, str]]] = {}
    for place, key, description in keys():
        places.setdefault(place, []).append((key, description))
    width = max((len(key) for rows in places.values() for key, _ in rows), default=1)
    blocks = [
        Group(Text(visible(place), style="underline"), _rows(rows, width), "")
        for place, rows in places.items()
    ]
    return "", Group(*blocks)


def _words_page() -> Page:
    return "", _rows((word, Text(f"{meaning}\n")) for word, meaning in WORDS.items())


def _experiment_page() -> Page:
    fields = {name: field for name, field in describe(Experiment).items() if field.record is None}
    return parts.summary(Experiment), _settings(fields)


def _record_page(record: type[BaseModel]) -> Page:
    return parts.doc_markdown(record), _settings(describe(record))


def _family_page(family: type[Part]) -> Page:
    kinds = _rows((kind, parts.summary(part)) for kind, part in members(family).items())
    shared = parts.shared_fields(family)
    below = Group("", Text("All of them have:"), "", _settings(shared)) if shared else ""
    return parts.doc_markdown(family), Group(kinds, below)


def _part_page(family: type[Part], part: type[Part]) -> Page:
    return parts.doc_markdown(part), _settings(parts.own_fields(family, part))


def _settings(fields: parts.Fields) -> Table:
    """Lay settings out: the name, what is allowed and its default, and what it means below that."""
    rows: list[tuple[str, Text]] = []
    for path, field in parts.settings(fields):
        default = parts.default(field)
        rule = parts.allowed(field) + (f"; {default} by default" if default else "")
        rows.append((path, Text.assemble((rule, "dim"), "\n", " ".join(field.help.split()), "\n")))
    return _rows(rows)


def _rows(rows: Iterable[tuple[str, str | Text]], width: int = 0) -> Table:
    """Lay names and meanings out; the names' column is as wide as the longest, or `width`."""
    rows = list(rows)
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    width = width or max((len(name) for name, _ in rows), default=1)
    table.add_column(style="bold", width=min(width, 18), overflow="fold")
    table.add_column(ratio=1)
    for name, meaning in rows:
        table.add_row(
            Text(visible(name)), meaning if isinstance(meaning, Text) else Text(visible(meaning, 400))
        )
    return table


class HelpScreen(ModeScreen):
    """Topics on the left, the page of the highlighted one on the right.

    `keys` gives (where, key, description) for each binding.
    """

    CSS = """
    HelpScreen #topics { width: 24; height: 1fr; border-right: solid $panel; }
    HelpScreen #topics Input { border: none; height: 1; padding: 0 1; background: $surface; }
    HelpScreen #topics OptionList {
        height: 1fr; border: none; padding: 0; background: transparent; scrollbar-size-vertical: 1;
    }
    HelpScreen OptionList:focus > .option-list--option-highlighted {
        background: $primary 30%; color: $foreground; text-style: none;
    }
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
        super().__init__(session, "help")
        self._topics = topics(keys)
        self._topic = "keys"
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.top_bar
        with Horizontal():
            with Vertical(id="topics"):
                yield Input(placeholder="/ to find", select_on_focus=False)
                yield OptionList(compact=True)
            with VerticalScroll(id="page"):
                yield Static(id="heading")
                yield Prose()
                yield Static(id="below")
        yield Footer(show_command_palette=False)
        yield TooSmall()

    def on_mount(self) -> None:
        self._list("")
        self.query_one(OptionList).focus()

    def show(self, topic: str) -> None:
        """Open a topic, such as "norms.group"; one that is unknown opens the keys."""
        self._topic = topic if topic in self._topics else "keys"
        if self.is_mounted:
            self.query_one(Input).value = ""
            self._list("")

    def _list(self, typed: str) -> None:
        """List the topics that hold every word typed, the best one highlighted; the open one if none is."""
        typed = typed.lower().strip()
        words = typed.split()
        found = [
            name
            for name, topic in self._topics.items()
            if all(word in f"{name} {topic.title} {topic.about}".lower() for word in words)
        ]
        if typed:  # what is called so comes before what only speaks of it
            found.sort(key=lambda name: (self._topics[name].title.lower() != typed, typed not in name))
        options = self.query_one(OptionList)
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

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._list(event.value)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        assert event.option_id is not None
        self._topic = event.option_id
        if self._soon is not None:
            self._soon.stop()
        # A held arrow key passes topics faster than they can be laid out (50-100 ms each).
        self._soon = self.set_timer(0.05, self._open)

    async def _open(self) -> None:
        topic = self._topics[self._topic]
        text, below = topic.write()
        self.query_one("#heading", Static).update(Content(self._topic if topic.member else topic.title))
        self.query_one("#below", Static).update(below)
        self.query_one(Prose).display = bool(text)
        self.query_one("#page").scroll_home(animate=False)
        await self.query_one(Prose).update(text)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        self.action_read()

    def action_find(self) -> None:
        self.query_one(Input).focus()

    def action_read(self) -> None:
        self.query_one("#page").focus()

    def action_back(self, clear: bool = True) -> None:
        if clear:
            self.query_one(Input).value = ""
        self.query_one(OptionList).focus()
