"""Presets: shipped ones and one's own, with what they ask; load one, run all of it, save the form as one."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widgets import Input

from normlab.core import places
from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset, preset_files
from normlab.tui.screens.browse import BrowseScreen
from normlab.tui.screens.dialogs import MANY_RUNS, Confirm
from normlab.tui.screens.save_preset import SavePreset
from normlab.tui.session import Session
from normlab.tui.widgets.preset_details import PresetDetails, runs_of
from normlab.tui.widgets.preset_list import Entry, PresetList, read_entry

Act = Callable[[Preset, Path], None]


class PresetsScreen(BrowseScreen):
    """A list of presets, and beside it what the highlighted one asks and compares.

    `load` puts a preset into the form, `run_all` queues all its arms with all seeds, `form_experiment`
    gives what the form holds, None where it is wrong.
    """

    CSS = """
    PresetsScreen #list { width: 34; }
    PresetsScreen.-wide #list { width: 48; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "run_all", "Run all arms", id="presets.run_all"),
        Binding("w", "save", "Save the form", id="presets.save"),
        Binding("slash", "find", "Search", id="presets.search"),
        Binding("D", "delete", "Delete", id="presets.delete"),
        Binding("escape", "back", "Back to the list", id="presets.list", show=False),
        Binding("down", "back(False)", "From the search to the list", id="presets.down", show=False),
    ]

    def __init__(
        self,
        session: Session,
        load: Act,
        run_all: Act,
        form_experiment: Callable[[], Experiment | None],
    ) -> None:
        self.presets, self.details = PresetList(compact=True), PresetDetails()
        super().__init__(session, "presets", self.presets, self.details, "/ to search")
        self._load, self._run_all, self._form_experiment = load, run_all, form_experiment
        self._entries = [Entry(path) for path in preset_files()]
        self._open: Path | None = None

    def on_screen_resume(self) -> None:
        self._read()  # files may have changed

    # The list.

    @work(exclusive=True, group="presets")
    async def _read(self, open_: Path | None = None) -> None:
        """Read all files anew, in a thread: the first one costs 0.2 s; show `open_`."""
        self._entries = await asyncio.to_thread(lambda: [read_entry(path) for path in preset_files()])
        self._open = open_ or self._open
        self.show_list()

    def show_list(self) -> None:
        """List the presets that hold every word searched for; the open one stays open where it can.

        One whose whole name was typed is opened, as others may hold that word too.
        """
        words = self.filter.value.lower().split()
        found = [entry for entry in self._entries if entry.matches(words)]
        named = next((entry.path for entry in found if [entry.path.stem.lower()] == words), None)
        self.presets.show(found, named or self._open)

    @property
    def _entry(self) -> Entry | None:
        """The highlighted preset."""
        chosen = self.presets.chosen
        return next((entry for entry in self._entries if entry.path == chosen), None)

    async def show_page(self) -> None:
        """Show what the highlighted preset asks."""
        if (entry := self._entry) is None:
            return
        if entry.path != self._open:
            self.details.scroll_home(animate=False)
        self._open = entry.path
        self.refresh_bindings()
        await self.details.show(entry)

    # What the keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out the deletion of a shipped preset."""
        if action == "delete" and self.is_mounted:
            return True if (entry := self._entry) and entry.own else None
        return True

    @on(PresetList.OptionSelected)
    def _chosen(self) -> None:
        if (entry := self._sound()) and entry.preset:
            self._load(entry.preset, entry.path)

    @work
    async def action_run_all(self) -> None:
        """Queue every arm with every seed; ask first where these are many runs."""
        if (entry := self._sound()) and (preset := entry.preset):
            runs = len(preset.experiments) * len(preset.seeds)
            question = f"Queue {runs_of(preset)}?"
            if runs <= MANY_RUNS or await self.app.push_screen_wait(Confirm(question, "Queue them")):
                self._run_all(preset, entry.path)

    def _sound(self) -> Entry | None:
        """Give the highlighted preset; tell why where it can't be used."""
        entry = self._entry
        if entry is not None and entry.preset is None:
            why = "This preset is broken: see its errors." if entry.problems else "It is being read."
            self.notify(why, severity="warning", markup=False)
            return None
        return entry

    @work
    async def action_save(self) -> None:
        """Save the form as a preset of one's own."""
        experiment = self._form_experiment()
        if experiment is None:
            self.notify("The form has an error: mend it first.", severity="warning", markup=False)
            return
        path = await self.app.push_screen_wait(SavePreset(experiment))
        if path is None:
            return
        hides = (places.shipped_presets() / path.name).exists()
        note = f" It stands before the shipped preset {path.stem} now." if hides else ""
        self.notify(f"Saved {visible(str(path), 400)}.{note}", markup=False)
        self.filter.value = ""
        self._read(path)

    @work
    async def action_delete(self) -> None:
        """Delete one of one's own presets."""
        entry = self._entry
        if entry is None or not entry.own:
            return
        if await self.app.push_screen_wait(Confirm(f"Delete your preset {entry.path.stem}?", "Delete")):
            try:
                entry.path.unlink()
            except OSError as error:
                why = f"{visible(str(entry.path), 400)}: can't be deleted: {error.strerror}"
                self.notify(why, severity="error", markup=False)
            self._read()

    @on(Input.Submitted)
    def _searched(self) -> None:
        self.presets.focus()
