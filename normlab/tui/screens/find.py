"""The kept runs as a list to look through: filter line, order, pages; what acts on them builds on it."""

import asyncio
import threading
from typing import ClassVar, Literal

import apsw
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.timer import Timer
from textual.widgets import DataTable, Input, Static

from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.store.find import Page
from normlab.tui.keys import key_of
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.found import Found, find_page, sweep_quietly
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.screens.order import NEWEST, first_way, not_a_ranking, order_words, sorts
from normlab.tui.themes import hue_of
from normlab.tui.widgets.filter_line import FilterLine
from normlab.tui.widgets.kept_table import KeptTable, Standing
from normlab.tui.widgets.key_line import KeyLine
from normlab.tui.widgets.runs_table import score_metric
from normlab.tui.widgets.too_small import TooSmall
from normlab.tui.workbench import Workbench
from normlab.views.marks import mark_of

LOOK_SECONDS = 2.0
"""Between two looks at what other processes have done."""
TYPING_SECONDS = 0.1
"""Of rest before a filter that is being typed is looked up."""
UNFINISHED_SECONDS = 1.0
"""Of rest after which the last word of a filter counts as finished, with what is wrong with it."""

NO_RUNS = "No run is kept yet: train something in the Lab ({lab})."
NO_MATCH = "No kept run is like that. {escape} lists all of them."


class FindScreen(ModeScreen):
    """A filter line, a page of runs as high as the screen, and a line on the run under the cursor."""

    DEFAULT_CSS = """
    FindScreen #told, FindScreen #about { height: 1; padding: 0 1; color: $secondary; text-wrap: nowrap;
        text-overflow: ellipsis; }
    FindScreen #told.wrong { color: $error; }
    FindScreen #page { height: 1fr; margin: 0 1; layers: runs said; }
    FindScreen KeptTable { layer: runs; }
    FindScreen #nothing { layer: said; display: none; width: 100%; height: 100%; padding: 0 4;
        content-align: center middle; text-align: center; color: $secondary; background: $background; }
    FindScreen.empty #nothing { display: block; }
    """
    AUTO_FOCUS = "KeptTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "Filter", id="kept.filter"),
        Binding("s", "sort", "Sort", id="kept.sort"),
        Binding("S", "reverse", "The other way round", id="kept.reverse", show=False),
        Binding("pagedown", "turn('page', 1)", "Page on", id="kept.page_down", show=False, priority=True),
        Binding("pageup", "turn('page', -1)", "Page back", id="kept.page_up", show=False, priority=True),
        Binding("escape", "back", "All runs", id="kept.all", show=False),
    ]

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench.session, "kept")
        self.bench, self.filter, self.table = bench, FilterLine(), KeptTable()
        self.sort = NEWEST
        """What the runs are ordered by; see normlab.store.filters."""
        self._offset, self._total = 0, 0
        self._row: int | None = None
        self._seek: str | None = None
        self._known: object = None
        self._stale = self._moved = self._looking = self._unfinished = False
        self._waiting: list[Timer] = []
        self._sweeper: threading.Thread | None = None

    def compose(self) -> ComposeResult:
        yield self.top_bar
        yield self.banner
        yield self.filter
        yield Static(id="told", markup=False)
        with Container(id="page"):
            yield self.table
            # Above the table, which keeps the focus: a filter in focus would take every key as a letter.
            yield Static(id="nothing", markup=False)
        yield Static(id="about", markup=False)
        yield KeyLine()
        yield TooSmall()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.look())
        self.set_interval(LOOK_SECONDS, lambda: self.is_current and self._look_again())

    def on_screen_resume(self) -> None:
        self.look()

    @on(KeptTable.Resized)
    def _resized(self) -> None:
        self.look()  # a page of another height

    def refresh_session(self) -> None:
        """Follow the session; the store is asked where a run has begun or ended, or is picked."""
        super().refresh_session()
        known = (self.bench.store, self.bench.no_store, self._standings())
        if known != self._known:
            self._known = known
            self.look()

    def _standings(self) -> dict[str, Standing]:
        session, theme = self.session, self.app.theme
        return {
            run.id: Standing(
                None if run.finished else session.state(run),
                mark_of(run.hue) if run.shown else " ",
                hue_of(theme, run.hue),
            )
            for run in list(session.runs)
        }

    # Looking runs up.

    def look(self) -> None:
        """Look this page up, in a thread, and show it: once the look under way is over, where one is."""
        self._stale = True
        if not self._looking:
            self._looking = True
            self.run_worker(self._look(), group="kept")

    async def _look(self) -> None:
        try:
            while self._stale:
                moved, self._stale, self._moved = self._moved, False, False
                store, chosen = self.bench.store, self.table.chosen
                if store is None:
                    self._show(Found(Page([], 0)), self.bench.no_store)
                    continue
                # A run that begins pushes others down: the page follows the one under the cursor.
                stay = self._seek or (chosen.id if chosen and not moved else None)
                text, unfinished = self.filter.value, self._unfinished
                wanted = (text, self.sort, self.table.page_rows, self._offset, stay, unfinished)
                try:
                    found = await asyncio.to_thread(find_page, store, *wanted)
                # The last one: rows that can't be read.
                except (NormlabError, apsw.Error, OSError, ValueError) as error:
                    if not unfinished and not self._moved and self.children:
                        self._tell(str(error), wrong=True)
                    continue
                if not self.children:
                    return  # the screen was left meanwhile
                if self._moved or (unfinished and not found.page.runs and self.table.runs):
                    continue  # another page is wanted by now; or a word that nothing matches grows yet
                lab = key_of(self.app, "lab", "l")
                escape = key_of(self.app, "kept.all", "escape")
                nothing = (NO_MATCH if text.strip() else NO_RUNS).format(lab=lab, escape=escape)
                self._show(found, nothing)
        finally:
            self._looking = False

    def _look_again(self) -> None:
        """Look at what other processes have done; those that died are swept up beside it.

        That waits for the store as long as another process writes to it, so nobody must wait for it.
        """
        self.look()
        store = self.bench.store
        if store is not None and not (self._sweeper and self._sweeper.is_alive()):
            self._sweeper = threading.Thread(
                target=sweep_quietly, args=(store,), name="normlab sweep", daemon=True
            )
            self._sweeper.start()

    def _move(self, row: int | None = None) -> None:
        """Look at a page that somebody asks for; the cursor goes to a row of it, or stays."""
        self._moved, self._seek, self._row = True, None, row
        self.look()

    def _show(self, found: Found, nothing: str) -> None:
        page, self._offset, self._total = found.page, found.offset, found.page.total
        self.set_class(not page.runs, "empty")
        self.query_one("#nothing", Static).update(Content(nothing))
        self.table.show(page.runs, self._standings(), self._row, self._seek)
        self._row = self._seek = None
        first, last = self._offset + 1, self._offset + len(page.runs)
        picked = len(self.session.drawn)
        said = [f"{first:,}–{last:,} of {page.total:,}", order_words(self.sort)] if page.runs else []
        said += [differing] if page.runs and (differing := not_a_ranking(found.differing)) else []
        said += [f"{picked} picked" if page.runs else f"0 found · {picked} picked"] if picked else []
        self._tell(" · ".join(said))
        self.refresh_about()
        self.refresh_bindings()

    def _tell(self, said: str, wrong: bool = False) -> None:
        line = self.query_one("#told", Static)
        line.set_class(wrong, "wrong")
        line.update(Content(visible(said, 400)), layout=False)

    @on(DataTable.RowHighlighted)
    def refresh_about(self) -> None:
        """Tell of the run under the cursor what has no column."""
        run = self.table.chosen
        parts: list[tuple[str, str]] = []
        if run is not None:
            if not self.table.is_wide:
                metric = score_metric(run.best) if run.best else None
                parts += [(metric, "$secondary")] if metric else []
                parts.append((f"seed {run.seed} · {run.seconds:.1f} s", "$secondary"))
            parts += [(f"#{visible(tag)}", "$secondary") for tag in run.tags]
            if run.reason:
                parts.append((visible(run.reason.splitlines()[0], 200), "$warning"))
            if run.note:
                parts.append((visible(run.note.splitlines()[0], 200), "$foreground"))
        about = Content(" · ").join(Content.styled(*part) for part in parts)
        self.query_one("#about", Static).update(about, layout=False)

    # What the keys do.

    @on(Input.Changed)
    def _typed(self) -> None:
        text = self.filter.value
        self._unfinished = bool(text) and not text.endswith(" ") and self.filter.has_focus
        for timer in self._waiting:
            timer.stop()
        self._waiting = [self.set_timer(TYPING_SECONDS, self._find_typed)]
        if self._unfinished:
            self._waiting.append(self.set_timer(UNFINISHED_SECONDS, self._finish))

    def _find_typed(self) -> None:
        self._offset = 0
        self._move()

    def _finish(self) -> None:
        self._unfinished = False
        self._find_typed()

    def action_find(self) -> None:
        """Go to the filter line."""
        self.filter.focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._finish()
        self.action_back(clear=False)

    def action_back(self, clear: bool = True) -> None:
        """Go to the runs; `clear` lists all of them again."""
        if clear:
            self.filter.value = ""
        self.table.focus()

    @on(KeptTable.Turned)
    def _turned(self, event: KeptTable.Turned) -> None:
        self.action_turn(event.how, event.by)

    def action_turn(self, how: Literal["row", "page", "edge"], by: int) -> None:
        """Show the runs before (-1) or behind (1): a row, a page, or all the way."""
        rows = self.table.page_rows
        last = max(0, self._total - rows)
        step = {"row": 1, "page": rows, "edge": self._total}[how] * by
        offset = min(max(0, self._offset + step), last)
        row = None
        if abs(step) == 1 or offset == self._offset:
            row = 0 if by < 0 else min(rows, self._total) - 1
        if how == "edge":
            row = 0 if by < 0 else rows - 1
        self._offset = offset
        self._move(row)

    @work
    async def action_sort(self) -> None:
        """Choose what the runs are ordered by."""
        current = self.sort.removeprefix("-")
        chosen = await self.app.push_screen_wait(Choose("Order runs by", sorts(), current))
        if chosen is not None:
            self._order_by(first_way(chosen))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._order_by(self.sort[1:] if self.sort.startswith("-") else f"-{self.sort}")

    @on(KeptTable.Sorted)
    def _sorted(self, event: KeptTable.Sorted) -> None:
        same = self.sort.removeprefix("-") == event.key
        self.action_reverse() if same else self._order_by(first_way(event.key))

    def _order_by(self, sort: str) -> None:
        self.sort, self._offset = sort, 0
        self._move(0)
