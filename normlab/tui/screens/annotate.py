"""What people say of kept runs, in tags, notes and names; and how a screen changes the store."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar, TypeVar

import apsw
from textual.binding import Binding, BindingType

from normlab.core.errors import ConfigError, NormlabError
from normlab.core.text import visible
from normlab.store import edit
from normlab.store.kept import KeptRun
from normlab.store.store import Store
from normlab.tui.screens.dialogs import Ask, Dialog
from normlab.tui.screens.find import FindScreen
from normlab.tui.screens.lab import check_name
from normlab.tui.screens.note import Note
from normlab.tui.widgets.lines import lines
from normlab.tui.workbench import Workbench

PATIENCE_SECONDS = 1.0
"""That a change may take before it is said what it waits for."""
TROUBLE = (NormlabError, apsw.Error, OSError, ValueError)
"""What a look into the store, or a change of it, may raise; ValueError where rows can't be read."""

T = TypeVar("T")
Screen = TypeVar("Screen", bound="AnnotateScreen")


def on_chosen(
    act: Callable[[Screen, KeptRun, Store], Awaitable[None]],
) -> Callable[[Screen], None]:
    """Make an action of what is done with the run under the cursor."""

    def action(self: Screen) -> None:
        run, store = self.table.chosen, self.bench.store
        if run is not None and store is not None:
            self.do(f"{act.__name__} {run.id}", partial(act, self, run, store))

    return action


class AnnotateScreen(FindScreen):
    """Kept runs that can be tagged, named, and written a note to. Changes are made in threads."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "tags", "Tags", id="kept.tags"),
        Binding("N", "note", "Note", id="kept.note"),
        Binding("e", "rename", "Rename", id="kept.rename", show=False),
    ]

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._doing: set[str] = set()

    def complain(self, said: object) -> None:
        """Tell what can't be done."""
        self.notify(visible(str(said), 400), severity="warning", markup=False)

    def do(self, what: str, job: Callable[[], Awaitable[None]]) -> None:
        """Do something in a worker, unless it is being done; tell why where it can't be done."""

        async def guarded() -> None:
            try:
                await job()
            except TROUBLE as error:
                self.complain(error)
            finally:
                self._doing.discard(what)

        if what not in self._doing:
            self._doing.add(what)
            self.run_worker(guarded())

    async def ask(self, dialog: Dialog[T]) -> T | None:
        """Open a window, unless somebody has gone elsewhere meanwhile."""
        return await self.app.push_screen_wait(dialog) if self.is_current else None

    async def write(self, job: Callable[..., T], *arguments: object) -> T:
        """Change the store; tell where that has to wait."""
        said = "Waiting for the store: another process writes to it."
        timer = self.set_timer(PATIENCE_SECONDS, lambda: self.complain(said))
        try:
            return await asyncio.to_thread(job, *arguments)
        finally:
            timer.stop()
            self.look()

    @on_chosen
    async def action_tags(self, run: KeptRun, store: Store) -> None:
        """Write the run's tags anew."""
        before = " ".join(visible(tag) for tag in run.tags)
        asked = f"Tags of “{visible(run.title, 40)}”, with spaces between"
        typed = await self.ask(Ask(asked, before, _check_tags))
        if typed is not None and typed != before:
            wanted = _tags(typed)
            gone = [tag for tag in run.tags if tag not in wanted]
            await self.write(edit.tag, store, [run.id], wanted, gone)

    @on_chosen
    async def action_note(self, run: KeptRun, store: Store) -> None:
        """Write a note to the run."""
        asked, before = f"Note on “{visible(run.title, 40)}”", lines(run.note).plain
        text: str | None = before
        while (text := await self.ask(Note(asked, before, text))) not in (None, before):
            try:
                await self.write(edit.annotate, store, run.id, text)
                break
            except TROUBLE as error:  # it is there to be mended, or saved when the disk has room
                self.complain(error)

    @on_chosen
    async def action_rename(self, run: KeptRun, store: Store) -> None:
        """Call the run by another name."""
        title, before = visible(run.title, 40), visible(run.name or "")
        asked = f"Name of “{title}”; leave it empty for what it was called when it began"
        typed = await self.ask(Ask(asked, before, check_name))
        if typed is not None and typed != before:
            await self.write(self.bench.name_run, run.id, typed.strip() or None)


def _tags(text: str) -> list[str]:
    return list(dict.fromkeys(text.replace(",", " ").split()))


def _check_tags(text: str) -> str | None:
    try:
        for tag in _tags(text):
            edit.check_tag(tag)
    except ConfigError as error:
        return str(error)
    return None
