"""What can be done with kept runs: they are read, tagged, picked, resumed, exported, deleted."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from normlab.core.errors import ConfigError, NormlabError
from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.store import edit
from normlab.store.find import find_all
from normlab.store.kept import KeptRun
from normlab.tui.keys import key_of
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.exporting import export_runs
from normlab.tui.screens.find import FindScreen
from normlab.tui.screens.lab import check_name
from normlab.tui.screens.note import Note
from normlab.tui.screens.run_details import RunDetails
from normlab.tui.session import LabRun
from normlab.tui.workbench import Workbench, title
from normlab.views.history import History
from normlab.views.recall import recall

STATE = "state.safetensors"
"""File of a run's folder that it is resumed from."""
ENDED = ("completed", "early_stopped")
"""Outcomes of a run that has come to its end: it can only be extended."""


class RunsScreen(FindScreen):
    """All kept runs. What changes the store is done in threads: a disk may be slow.

    `fork` puts an experiment into the form, and goes there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "pick", "Pick", id="kept.pick"),
        Binding("u", "resume", "Resume/extend", id="kept.resume"),
        Binding("o", "fork", "Open as form", id="kept.fork", show=False),
        Binding("t", "tags", "Tags", id="kept.tags", show=False),
        Binding("N", "note", "Note", id="kept.note", show=False),
        Binding("e", "rename", "Rename", id="kept.rename", show=False),
        Binding("w", "export", "Export it, or all that are picked", id="kept.export", show=False),
        Binding("D", "delete", "Delete", id="kept.delete", show=False),
        Binding("U", "restore", "Bring the last deleted one back", id="kept.restore", show=False),
    ]

    def __init__(self, bench: Workbench, fork: Callable[[Experiment], None]) -> None:
        super().__init__(bench)
        self._fork = fork

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what needs a run where there is none."""
        needs_run = ("pick", "resume", "fork", "tags", "note", "rename", "export", "delete")
        if action in needs_run and self.table.chosen is None:
            return None
        return super().check_action(action, parameters)

    def _in_session(self, run: KeptRun) -> LabRun | None:
        return next((each for each in self.session.runs if each.id == run.id), None)

    def _complain(self, said: object) -> None:
        self.notify(str(said), severity="warning", markup=False)

    async def _write(self, job: Callable[..., object], *arguments: object) -> bool:
        """Change the store; tell where that can't be done."""
        try:
            await asyncio.to_thread(job, *arguments)
        except NormlabError as error:
            self._complain(error)
            return False
        self.look()
        return True

    async def _recall(self, run: KeptRun) -> History | NormlabError:
        assert self.bench.store is not None
        try:
            return await asyncio.to_thread(recall, run, self.bench.store)
        except NormlabError as error:
            return error

    @on(DataTable.RowSelected)
    @work(exclusive=True, group="details")
    async def _details(self) -> None:
        if (run := self.table.chosen) is not None:
            self.app.push_screen(RunDetails(run, await self._recall(run), self.session.choices))

    @work
    async def action_pick(self) -> None:
        """Draw and compare the run, or no more."""
        if (run := self.table.chosen) is None:
            return
        if (here := self._in_session(run)) is None:
            if run.outcome is None:
                self._complain("It is under way elsewhere: pick it when it has ended.")
            elif isinstance(told := await self._recall(run), NormlabError):
                self._complain(told)
            elif self._in_session(run) is None:  # else two presses were quicker than the disk
                self.session.recall(run.id, told, title(run.name, run.arm, run.id))
        elif here.recalled:
            self.session.drop(here)
        else:
            here.shown = not here.shown
            self.session.touch()
        self.refresh_session()

    def action_fork(self) -> None:
        """Put the run's settings into the form."""
        if (run := self.table.chosen) is not None:
            try:
                self._fork(run.experiment)
            except ConfigError as error:
                self._complain(error)

    @work
    async def action_resume(self) -> None:
        """Queue the run to go on where it was: to its end, or further where it has come to that."""
        if (run := self.table.chosen) is None:
            return
        if (why := self._cannot_resume(run)) is not None:
            self._complain(why)
        elif isinstance(told := await self._recall(run), NormlabError):
            self._complain(told)
        elif (experiment := await self._longer(run)) is not None:
            name = title(run.name, run.arm, run.id)
            here = self._in_session(run) or self.session.recall(run.id, told, name)
            device = run.device if run.device in self.session.devices else None
            if not (run.folder / STATE).exists():
                self._complain("It was saved at no step: it begins anew.")
            self.session.go_on(here, replace(told, experiment=experiment), device or self.session.device)
            self.refresh_session()

    def _cannot_resume(self, run: KeptRun) -> str | None:
        here = self._in_session(run)
        fork = f"open it as form ({key_of(self.app, 'kept.fork', 'o')})"
        if run.outcome is None or (here is not None and not here.finished):
            return "It is under way."
        if run.outcome == "diverged":
            return f"It has diverged: {fork}, and change a setting."
        # What was killed early has saved nothing, and begins anew; not what is done, or had weights given.
        if not (run.folder / STATE).exists() and (run.outcome in ENDED or run.origin is not None):
            return f"Its state isn't there to go on from: {fork}, and run it anew."
        return None

    async def _longer(self, run: KeptRun) -> Experiment | None:
        """Give the run's experiment; of one that came to its end a longer one, None where nobody says how."""
        experiment = run.experiment
        if run.outcome not in ENDED:
            return experiment
        unit, now = experiment.training.unit, experiment.training.steps or experiment.training.epochs

        def longer(text: str) -> Experiment | str:
            try:
                length = int(text.replace(",", ""))
                changed = change(experiment, {f"training.{unit}s": length})
            except ConfigError as error:
                return str(error)
            except ValueError:
                return "Type a whole number."
            return changed if length > now else f"It has {now:,}: type more."

        def check(text: str) -> str | None:
            return wrong if isinstance(wrong := longer(text), str) else None

        asked = f"Train “{visible(run.title, 40)}” on, to how many {unit}s in all?"
        typed = await self.app.push_screen_wait(Ask(asked, str(2 * now), check, "Extend"))
        found = None if typed is None else longer(typed)
        return found if isinstance(found, Experiment) else None

    # What people say of a run.

    @work
    async def action_tags(self) -> None:
        """Write the run's tags anew."""
        run, store = self.table.chosen, self.bench.store
        if run is None or store is None:
            return
        before = " ".join(visible(tag) for tag in run.tags)
        typed = await self.app.push_screen_wait(Ask("Tags, with spaces between", before, _check_tags))
        if typed is not None and typed != before:
            wanted = _tags(typed)
            await self._write(
                edit.tag, store, [run.id], wanted, [tag for tag in run.tags if tag not in wanted]
            )

    @work
    async def action_note(self) -> None:
        """Write a note to the run."""
        run, store = self.table.chosen, self.bench.store
        if run is None or store is None:
            return
        asked, text = f"Note on “{visible(run.title, 40)}”", run.note
        while (text := await self.app.push_screen_wait(Note(asked, text))) is not None:
            if await self._write(edit.annotate, store, run.id, text):
                break  # else it is there to be mended, or saved when the disk has room

    @work
    async def action_rename(self) -> None:
        """Call the run by another name."""
        if (run := self.table.chosen) is None:
            return
        asked = "Name of this run; leave it empty for what it was called when it began"
        typed = await self.app.push_screen_wait(Ask(asked, visible(run.name or ""), check_name))
        if typed is not None:
            await self._write(self.bench.name_run, run.id, typed.strip() or None)

    # Taking runs elsewhere, and away.

    @work
    async def action_export(self) -> None:
        """Write the run, or where it is picked all that are, in a format of others."""
        run, store = self.table.chosen, self.bench.store
        if run is None or store is None:
            return
        picked = [each.id for each in self.session.runs if each.shown and each.taken]
        together = [run]
        if run.id in picked:
            together = await asyncio.to_thread(find_all, store, picked)
        await export_runs(self.app, together, store)

    @work
    async def action_delete(self) -> None:
        """Hide the run; its files go when the lab is left."""
        run, store = self.table.chosen, self.bench.store
        if run is None or store is None:
            return
        here = self._in_session(run)
        if run.outcome is None or (here is not None and not here.finished):
            self._complain("It is under way: stop it first.")
            return
        key = key_of(self.app, "kept.restore", "U")
        question = f"Delete “{visible(run.title, 40)}” ({run.id}) with its weights?"
        question += f" Until the lab is left, {key} brings it back."
        if not await self.app.push_screen_wait(Confirm(question, "Delete")):
            return
        if await self._write(edit.delete, store, [run.id]):
            self.bench.deleted.append(run.id)
            if (here := self._in_session(run)) is not None:
                self.session.drop(here)

    @work
    async def action_restore(self) -> None:
        """Bring back the run that was deleted last."""
        store, deleted = self.bench.store, self.bench.deleted
        if store is None or not deleted:
            self._complain("Nothing was deleted since the lab was opened.")
        elif await self._write(edit.restore, store, deleted[-1:]):
            deleted.pop()


def _tags(text: str) -> list[str]:
    return list(dict.fromkeys(text.replace(",", " ").split()))


def _check_tags(text: str) -> str | None:
    try:
        for tag in _tags(text):
            edit.check_tag(tag)
    except ConfigError as error:
        return str(error)
    return None
