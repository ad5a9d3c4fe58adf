"""The kept runs as a list to look through: filter line, order, pages; what acts on them builds on it."""

import asyncio
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
from normlab.lab.metrics import better
from normlab.store.filters import FIELDS, METRICS, setting_paths
from normlab.store.find import Page, find_runs
from normlab.store.store import Store
from normlab.store.sweep import sweep
from normlab.tui.keys import key_of
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.themes import hue_of
from normlab.tui.widgets.filter_line import FilterLine
from normlab.tui.widgets.kept_table import KeptTable, Standing
from normlab.tui.widgets.key_line import KeyLine
from normlab.tui.widgets.too_small import TooSmall
from normlab.tui.workbench import Workbench
from normlab.views.marks import mark_of

LOOK_SECONDS = 2.0
"""Between two looks at what other processes have done."""
TYPING_SECONDS = 0.1
"""Of rest before a filter that is being typed is looked up."""
NEWEST = "-number"

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
        Binding("down", "back(False)", "From the filter to the runs", id="kept.down", show=False),
    ]

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench.session, "kept")
        self.bench, self.filter, self.table = bench, FilterLine(), KeptTable()
        self.sort = NEWEST
        """What the runs are ordered by; see normlab.store.filters."""
        self._offset, self._total = 0, 0
        self._row: int | None = None
        self._known: object = None
        self._soon: Timer | None = None

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
        self.set_interval(LOOK_SECONDS, lambda: self.is_current and self.look())

    def on_screen_resume(self) -> None:
        self.look()

    def on_resize(self) -> None:
        """Fill a page of another height."""
        self.call_after_refresh(self.look)

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

    @work(exclusive=True, group="kept")
    async def look(self) -> None:
        """Look this page up, in a thread, and show it."""
        store = self.bench.store
        if store is None:
            self._show(Page([], 0), self.bench.no_store)
            return
        wanted = (self.filter.value, self.sort, self.table.page_rows, self._offset)
        try:
            page, self._offset = await asyncio.to_thread(_find, store, *wanted)
        except (NormlabError, apsw.Error, ValueError) as error:  # the last one: rows that can't be read
            self._tell(str(error), wrong=True)
        else:
            filtered = bool(self.filter.value.strip())
            lab = key_of(self.app, "lab", "l")
            escape = key_of(self.app, "kept.all", "escape")
            self._show(page, (NO_MATCH if filtered else NO_RUNS).format(lab=lab, escape=escape))

    def _show(self, page: Page, nothing: str) -> None:
        self._total = page.total
        self.set_class(not page.runs, "empty")
        self.query_one("#nothing", Static).update(Content(nothing))
        self.table.show(page.runs, self._standings(), self._row)
        self._row = None
        first, last = self._offset + 1, self._offset + len(page.runs)
        said = [f"{first:,}–{last:,} of {page.total:,}", _order(self.sort)] if page.runs else []
        if picked := sum(run.shown for run in self.session.runs):
            said.append(f"{picked} picked")
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
        self._offset = 0
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(TYPING_SECONDS, self.look)

    def action_find(self) -> None:
        """Go to the filter line."""
        self.filter.focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
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
        if abs(step) == 1 or offset == self._offset:
            self._row = 0 if by < 0 else min(rows, self._total) - 1
        if how == "edge":
            self._row = 0 if by < 0 else rows - 1
        self._offset = offset
        self.look()

    @work
    async def action_sort(self) -> None:
        """Choose what the runs are ordered by."""
        current = self.sort.removeprefix("-")
        chosen = await self.app.push_screen_wait(Choose("Order runs by", _sorts(), current))
        if chosen is not None:
            self._order_by(_first_way(chosen))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._order_by(self.sort[1:] if self.sort.startswith("-") else f"-{self.sort}")

    @on(KeptTable.Sorted)
    def _sorted(self, event: KeptTable.Sorted) -> None:
        same = self.sort.removeprefix("-") == event.key
        self.action_reverse() if same else self._order_by(_first_way(event.key))

    def _order_by(self, sort: str) -> None:
        self.sort, self._offset, self._row = sort, 0, 0
        self.look()


def _find(store: Store, text: str, sort: str, rows: int, offset: int) -> tuple[Page, int]:
    """Find a page, and where it begins: earlier where there are fewer runs than thought."""
    sweep(store)
    page = find_runs(store, text, sort=sort, limit=rows, offset=offset)
    last = max(0, page.total - rows)
    if offset > last:
        return find_runs(store, text, sort=sort, limit=rows, offset=last), last
    return page, offset


_USUAL = {
    "number": "the order in which they were begun",
    "val_loss": "at the best epoch",
    "val_accuracy": "at the best epoch",
    "val_rmse": "at the best epoch",
    "last.val_loss": "at the last epoch",
    "name": "given by somebody",
    "dataset": "",
    "model": "",
    "norm": "",
    "optimizer": "",
    "lr": "",
}


def _sorts() -> list[tuple[str, str, str]]:
    names = dict.fromkeys((*_USUAL, *FIELDS, *METRICS, *setting_paths()))
    return [(name, name, _USUAL.get(name, "")) for name in names]


def _first_way(key: str) -> str:
    """Put that first which one looks for: the newest, the best."""
    down = key in ("number", "date") or (key in METRICS and better(key) == "higher")
    return f"-{key}" if down else key


def _order(sort: str) -> str:
    key, down = sort.removeprefix("-"), sort.startswith("-")
    if key in ("number", "date"):
        return "newest first" if down else "oldest first"
    return f"by {key}, {'largest' if down else 'smallest'} first"
