"""The dialog that saves the form, or a study, as a preset of one's own."""

import re
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Static, TextArea

from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.core.files import write_atomically
from normlab.core.parsing import parse
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset, preset_tree, save_preset
from normlab.lab.toml import update_toml
from normlab.tui.screens.dialogs import Confirm, Dialog
from normlab.tui.widgets.lines import lines
from normlab.tui.widgets.preset_list import read_entry

MAX_NAME = 60


class SavePreset(Dialog[Path | None]):
    """Ask for name, title and words, and save an experiment, or a study, with them; gives the file, or None.

    With an experiment, arms, study and claims of what is overwritten stay with it.
    """

    DEFAULT_CSS = """
    SavePreset > Vertical { width: 76; }
    SavePreset Label { color: $secondary; }
    SavePreset TextArea { height: 6; border: none; padding: 0 1; background: $panel; }
    SavePreset TextArea:focus { border: none; }
    SavePreset .error { max-height: 4; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="presets.write", show=False),
    ]

    def __init__(self, saved: Experiment | Preset, title: str = "Save the form as a preset") -> None:
        super().__init__()
        self._saved, self._title = saved, title

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content(self._title), classes="title")
            yield Label("name of the file: letters, digits, - and _", markup=False)
            yield Input(id="name", max_length=MAX_NAME)
            yield Label("title", markup=False)
            yield Input(self._saved.title if isinstance(self._saved, Preset) else "", id="preset-title")
            yield Label("about: what is asked, what to look for (Markdown)", markup=False)
            about = self._saved.about if isinstance(self._saved, Preset) else ""
            yield TextArea(about, id="about", tab_behavior="focus", highlight_cursor_line=False)
            yield Static(classes="error")
            with Horizontal():
                yield Button(Content("Save (ctrl+s)"), id="yes", compact=True)
                yield Button(Content("Cancel (esc)"), id="no", compact=True)

    @on(Input.Changed, "#name")
    def _named(self) -> None:
        self._tell(self._wrong_name() if self._stem else "")
        old = self._old()
        title, about = self.query_one("#preset-title", Input), self.query_one(TextArea)
        if old is not None and not title.value and not about.text:
            title.value, about.text = old.title, old.about

    def _old(self) -> Preset | None:
        """Give one's own preset of that name, where there is one that can be read."""
        return read_entry(self._path).preset if not self._wrong_name() and self._path.exists() else None

    @property
    def _path(self) -> Path:
        return places.own_presets() / f"{self._stem}.toml"

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#no")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#yes")
    @work(exclusive=True)
    async def action_save(self) -> None:
        """Save, where name and words will do; what stands there already is asked about."""
        if wrong := self._wrong_name():
            self._tell(wrong)
            return
        path, old = self._path, self._old()
        title, about = self.query_one("#preset-title", Input).value.strip(), self.query_one(TextArea).text
        try:
            preset = self._preset(old, {"title": title, "about": about})
            _ = preset.cells
            broken = path.exists() and old is None
            question = f"There is a preset {self._stem} of yours{', a broken one' * broken}. Overwrite it?"
            if path.exists() and not await self.app.push_screen_wait(Confirm(question, "Overwrite")):
                return
            if broken:  # there is no order and no comment to keep
                write_atomically(path, update_toml("", preset_tree(preset)).encode())
            else:
                save_preset(preset, path)
        except OSError as error:
            self._tell(f"{path}: can't be written: {error.strerror}")
        except NormlabError as error:
            self._tell("\n".join(map(str, error.problems)))
        else:
            self.dismiss(path)

    def _preset(self, old: Preset | None, words: dict[str, str]) -> Preset:
        if isinstance(self._saved, Preset):
            return self._saved.with_(**words)
        table = {**words, "experiment": self._saved}
        return parse(Preset, table) if old is None else old.with_(**table)

    @property
    def _stem(self) -> str:
        return self.query_one("#name", Input).value.strip()

    def _wrong_name(self) -> str:
        name = self._stem
        return "" if re.fullmatch(r"[A-Za-z0-9_-]+", name) else "name: holds letters, digits, - and _ only"

    def _tell(self, wrong: str) -> None:
        self.query_one(".error", Static).update(lines(wrong))
