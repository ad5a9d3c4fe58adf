"""What can be done with kept runs: they are read, picked, resumed, exported, deleted."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from normlab.core.errors import ConfigError, NormlabError
from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.store import edit
from normlab.store.find import find_all, find_run
from normlab.store.going_on import ENDED, has_state, lengthened
from normlab.store.kept import KeptRun
from normlab.store.store import Store
from normlab.tui.keys import key_of
from normlab.tui.screens.annotate import TROUBLE, AnnotateScreen, on_chosen
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.exporting import export_runs
from normlab.tui.screens.found import Found
from normlab.tui.screens.run_details import RunDetails, details
from normlab.tui.session import LabRun
from normlab.tui.workbench import Workbench
from normlab.views.history import History
from normlab.views.recall import recall

MAX_PICKED = 100
"""Kept runs at a time: a comparison of more takes a second to draw."""


class RunsScreen(AnnotateScreen):
    """All kept runs. What changes the store is done in threads: a disk may be slow.

    `fork` puts an experiment into the form, and goes there.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "pick", "Pick", id="kept.pick"),
        Binding("u", "resume", "Resume/extend", id="kept.resume"),
        Binding("o", "fork", "Open as form", id="kept.fork", show=False),
        Binding("w", "export", "Export", id="kept.export"),
        Binding("D", "delete", "Delete", id="kept.delete"),
        Binding("U", "restore", "Bring the last deleted one back", id="kept.restore", show=False),
    ]

    def __init__(self, bench: Workbench, fork: Callable[[Experiment], None]) -> None:
        super().__init__(bench)
        self._fork = fork
        self._ended: dict[str, float | None] = {}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what needs a run where there is none."""
        needs_run = ("pick", "resume", "fork", "tags", "note", "rename", "export", "delete")
        if action in needs_run and self.table.chosen is None:
            return None
        return super().check_action(action, parameters)

    def _in_session(self, run: KeptRun) -> LabRun | None:
        return next((each for each in self.session.runs if each.id == run.id), None)

    def _is_under_way(self, run: KeptRun) -> bool:
        here = self._in_session(run)
        return run.outcome is None or (here is not None and not here.finished)

    def _show(self, found: Found, nothing: str) -> None:
        super()._show(found, nothing)
        for run in found.page.runs:
            here = self._in_session(run)
            known = (None, self._ended.get(run.id))
            if here is not None and here.recalled and run.finished not in known:
                self._ended[run.id] = run.finished  # it has gone on elsewhere since it was picked
                self.do(f"recall {run.id}", partial(self._recall_again, here, run))

    async def _recall_again(self, here: LabRun, run: KeptRun) -> None:
        told = await self._recall(run)
        if here.recalled:
            here.history, here.experiment = told, told.experiment
            self.session.touch()

    async def _recall(self, run: KeptRun) -> History:
        assert self.bench.store is not None
        return await asyncio.to_thread(recall, run, self.bench.store)

    @on(DataTable.RowSelected)
    @on_chosen
    async def _details(self, run: KeptRun, store: Store) -> None:
        try:
            told = await self._recall(run)
        except NormlabError as error:
            told = error
        text = await asyncio.to_thread(details, run, told)
        if self.is_current:
            self.app.push_screen(RunDetails(run, text, told, self.session.choices))

    @on_chosen
    async def action_pick(self, run: KeptRun, store: Store) -> None:
        """Draw and compare the run, or no more."""
        if (here := self._in_session(run)) is None:
            if run.outcome is None:
                self.complain("It is under way elsewhere: pick it when it has ended.")
                return
            if sum(each.recalled for each in self.session.runs) >= MAX_PICKED:
                self.complain(f"{MAX_PICKED} are picked, and more can't be compared at a time.")
                return
            told = await self._recall(run)
            if self._in_session(run) is None:  # else it was resumed meanwhile
                self._ended[run.id] = run.finished
                self.session.recall(run.id, told, run.name)
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
                self.complain(error)

    @on_chosen
    async def action_resume(self, run: KeptRun, store: Store) -> None:
        """Queue the run to go on where it was: to its end, or further where it has come to that."""
        run = await asyncio.to_thread(find_run, store, run.id)  # another process may have taken it
        saved = await asyncio.to_thread(has_state, run)
        if (why := self._cannot_go_on(run, saved)) is not None:
            self.complain(why)
            return
        told = await self._recall(run)
        experiment = await self._longer(run) if run.outcome in ENDED else run.experiment
        if experiment is None:
            return
        here = self._in_session(run) or self.session.recall(run.id, told, run.name)
        device = run.device if run.device in self.session.devices else None
        history = replace(told, experiment=experiment)
        if not self.session.go_on(here, history, device or self.session.device):
            self.complain("It is under way.")
        elif not saved:
            self.complain("It was saved at no step: it begins anew.")
        self.refresh_session()

    def _cannot_go_on(self, run: KeptRun, saved: bool) -> str | None:
        fork = f"open it as form ({key_of(self.app, 'kept.fork', 'o')})"
        if self._is_under_way(run):
            return "It is under way."
        if run.outcome == "diverged":
            return f"It has diverged: {fork}, and change a setting."
        # What was killed early has saved nothing, and begins anew; not what is done, or had weights given.
        if not saved and (run.outcome in ENDED or run.origin is not None):
            return f"Its state isn't there to go on from: {fork}, and run it anew."
        return None

    async def _longer(self, run: KeptRun) -> Experiment | None:
        """Give a run that came to its end another length; None where nobody says it."""
        training = run.experiment.training

        def longer(text: str) -> Experiment | str:
            try:
                return lengthened(run, int(text.replace(",", "")))
            except ConfigError as error:
                return str(error)
            except ValueError:
                return "Type a whole number."

        def check(text: str) -> str | None:
            return wrong if isinstance(wrong := longer(text), str) else None

        asked = f"Train “{visible(run.title, 40)}” on, to how many {training.unit}s in all?"
        twice = str(2 * (training.steps or training.epochs))
        typed = await self.ask(Ask(asked, twice, check, "Extend"))
        found = None if typed is None else longer(typed)
        return found if isinstance(found, Experiment) else None

    @on_chosen
    async def action_export(self, run: KeptRun, store: Store) -> None:
        """Write the run, or where it is picked all that are, in a format of others."""
        picked = [each.id for each in self.session.drawn]
        wanted = picked if run.id in picked else [run.id]
        if together := await asyncio.to_thread(find_all, store, wanted):
            await export_runs(self.app, together, store)
        else:
            self.complain("It is gone: it was deleted elsewhere.")

    @on_chosen
    async def action_delete(self, run: KeptRun, store: Store) -> None:
        """Hide the run; its files go when the lab is left."""
        key = key_of(self.app, "kept.restore", "U")
        question = f"Delete “{visible(run.title, 40)}” ({run.id}) with its weights?"
        question += f" Until the lab is left, {key} brings it back."
        if self._is_under_way(run):
            self.complain("It is under way: stop it first.")
        elif await self.ask(Confirm(question, "Delete")) and not self._is_under_way(run):
            await self.write(edit.delete, store, [run.id])
            self.bench.deleted.append(run.id)
            if (here := self._in_session(run)) is not None:
                self.session.drop(here)

    def action_restore(self) -> None:
        """Bring back the run that was deleted last."""
        store, deleted = self.bench.store, self.bench.deleted
        if store is None or not deleted:
            self.complain("Nothing was deleted since the lab was opened.")
        else:
            id = deleted.pop()
            self.do(f"restore {id}", partial(self._restore, store, id))

    async def _restore(self, store: Store, id: str) -> None:
        try:
            await self.write(edit.restore, store, [id])
            found = await asyncio.to_thread(find_all, store, [id])
        except TROUBLE:
            self.bench.deleted.append(id)
            raise
        if not found:
            self.complain("It is gone for good: it was purged elsewhere.")
        else:
            self._seek = id
            self.notify(f"“{visible(found[0].title, 40)}” is back.", markup=False)
            self.look()
