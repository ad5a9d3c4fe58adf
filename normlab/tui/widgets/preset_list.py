"""The list of presets: one's own, then the shipped ones, the broken ones too."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.lab.presets import Preset, load_preset_file

NAME_WIDTH = 18


@dataclass(frozen=True)
class Entry:
    """A preset's file: read, broken, or not read yet."""

    path: Path
    preset: Preset | None = None
    problems: tuple[str, ...] = ()

    @property
    def own(self) -> bool:
        return self.path.parent == places.own_presets()

    @property
    def title(self) -> str:
        return self.preset.title if self.preset else ("broken" if self.problems else "")

    def matches(self, words: Iterable[str]) -> bool:
        """Tell whether name, title and about hold all of the words."""
        text = f"{self.path.stem} {self.title} {self.preset.about if self.preset else ''}".lower()
        return all(word in text for word in words)


def read_entry(path: Path) -> Entry:
    """Read a preset's file; what is wrong with it is kept as lines."""
    if path.exists() and not path.is_file():
        return Entry(path, problems=(f"{visible(path.name)}: is no file",))  # a pipe would never end
    try:
        return Entry(path, load_preset_file(path))
    except NormlabError as error:
        return Entry(path, problems=tuple(map(str, error.problems)))


class PresetList(OptionList):
    """Enter or a double click takes a preset; a click only shows it."""

    DEFAULT_CSS = "PresetList { text-wrap: nowrap; text-overflow: ellipsis; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Load", id="presets.load")]

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        index: int | None = event.style.meta.get("option")
        if index is not None and not self.get_option_at_index(index).disabled:
            self.highlighted = index
            if event.chain > 1:
                self.action_select()

    def show(self, entries: Iterable[Entry], chosen: Path | None) -> None:
        """List these presets, the chosen one highlighted where it is among them, else the first."""
        entries = list(entries)
        options: list[Option] = []
        for heading, own in (("Your presets", True), ("Shipped presets", False)):
            if rows := [entry for entry in entries if entry.own is own]:
                options.append(Option(Content.styled(heading, "$secondary"), disabled=True))
                options += [Option(_row(entry), id=str(entry.path)) for entry in rows]
        self.clear_options()
        self.add_options(options or [Option(Content("No preset holds that."), disabled=True)])
        paths = [entry.path for entry in entries]
        if paths:
            self.highlighted = self.get_option_index(str(chosen if chosen in paths else paths[0]))

    @property
    def chosen(self) -> Path | None:
        """The highlighted preset's file."""
        option = self.highlighted_option
        return Path(option.id) if option and option.id else None


def _row(entry: Entry) -> Content:
    name = visible(entry.path.stem, NAME_WIDTH - 1)
    if entry.problems:
        return Content.assemble(("! ", "bold $error"), f"{name:{NAME_WIDTH}} ", ("broken", "$error"))
    return Content.assemble(f"  {name:{NAME_WIDTH}} ", (visible(entry.title), "$secondary"))
