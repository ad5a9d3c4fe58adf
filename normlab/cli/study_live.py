"""A study on a terminal while it runs: a grid of marks, a row for each arm and a column for each seed."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from normlab.cli.presenters import weights_line
from normlab.cli.study_pace import Pace, place_line
from normlab.cli.study_presenters import StudyPlain
from normlab.core.text import visible
from normlab.engine.events import Event, Preparing, RunFinished, Warned, WeightsLoaded
from normlab.lab.study import Cell
from normlab.store.slots import Slot
from normlab.views.board import Board, Place
from normlab.views.history import History
from normlab.views.study_names import short_names
from normlab.views.study_table import measures, summarize

_NAME_WIDTH = 28
"""Columns that names have on any terminal; on a wide one, those that marks and values leave."""
_MARKS_WIDTH = 40
"""Columns that marks take before names do."""
_VALUE_WIDTH = 24
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BLOCKS = "▁▂▃▄▅▆▇█"
_MARKS = {
    "under way": ("", "cyan"),
    "failed": ("!", "bold red"),
    "diverged": ("✗", "red"),
    "stopped": ("‖", "yellow"),
    "waiting": ("·", "dim"),
    "early stopped": ("◂", "green"),
    "done": ("✓", "green"),
}
"""Mark and style of each state; where several share a place, the first of them is shown."""
_ASCII = {"✗": "x", "‖": "-", "·": ".", "◂": "e", "✓": "v"}
_STATES = {
    "completed": "done",
    "early_stopped": "early stopped",
    "diverged": "diverged",
    "oom": "failed",
    "failed": "failed",
    "stopped": "stopped",
    "interrupted": "stopped",
}


class StudyLive(StudyPlain):
    """Draws the grid with what its arms come to so far; what went wrong stays above it."""

    def __init__(self, board: Board, pace: Pace) -> None:
        super().__init__(board, pace)
        self._preparing: Preparing | None = None
        self._means: dict[str, tuple[int, str]] = {}
        self._live = Live(
            console=self.narration, get_renderable=self._draw, refresh_per_second=6, transient=True
        )

    def __enter__(self) -> "StudyLive":
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def show_run(self, slot: Slot, event: Event) -> None:
        self._preparing = event if isinstance(event, Preparing) else None
        match event:
            case WeightsLoaded():
                self.tell(f"{self.name(slot)}: {weights_line(event)}")
            case Warned():
                self.warn(slot, event)
            case RunFinished(outcome="failed" | "oom"):
                self.say(f"{self.name(slot)}: {event.outcome} ({visible(event.reason or '', 400)})")
            case _:
                pass

    def _draw(self) -> RenderableType:
        """Draw the grid as it stands; called by rich's own thread, so all is read from copies."""
        histories = dict(self.board.histories)
        states = {place: _state(history) for place, history in histories.items()}
        room = max(self.narration.height - 8, 3)
        rows, left_out = _choose_rows(self.board, states, room)
        seen = {states.get((c.name, s), "waiting") for c in self.board.cells for s in self.board.seeds}
        below = [Text(self._now())]
        below += [Text(f"  {place_line(each)}", "dim") for each in self.pace.under_way()[:4]]
        return Group(
            self._grid(rows, states, histories),
            *([Text(left_out, "dim")] if left_out else []),
            _legend(seen, self._is_ascii),
            *below,
        )

    @property
    def _is_ascii(self) -> bool:
        return self.narration.options.ascii_only

    def _now(self) -> str:
        if (file := self._preparing) is not None:
            return f"downloading {visible(file.what, 60)}: {file.done_bytes / 1e6:.1f} MB"
        return self.pace.line

    def _grid(
        self, rows: Sequence[Cell], states: dict[Place, str], histories: dict[Place, History]
    ) -> RenderableType:
        width, seeds_width = self.narration.width - _VALUE_WIDTH - 6, 2 * len(self.board.seeds)
        names = short_names(rows, max(width - min(seeds_width, _MARKS_WIDTH), _NAME_WIDTH))
        room = max(width - names.width, 8)
        groups = group_seeds(self.board.seeds, room)
        wide = 2 * len(groups) <= room
        measured = measures(self.board) if self.board.num_ended else []
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        seeds = f"seeds {self.board.seeds[0]}-{self.board.seeds[-1]}"
        each = f", {len(groups[0])} a mark" if len(groups[0]) > 1 else ""
        table.add_column(Text(names.heading), width=names.width, no_wrap=True, overflow="ellipsis")
        table.add_column(Text(seeds + each), no_wrap=True, overflow="ellipsis")
        table.add_column(Text(measured[0].label if measured else ""), no_wrap=True, max_width=_VALUE_WIDTH)
        for cell in rows:
            marks = Text()
            for group in groups:
                marks.append_text(self._mark(cell, group, states, histories))
                marks.append(" " * wide)
            table.add_row(Text(names.of[cell.name]), marks, Text(self._mean(cell, histories)))
        return table

    def _mark(
        self, cell: Cell, seeds: Sequence[int], states: dict[Place, str], histories: dict[Place, History]
    ) -> Text:
        found = {states.get((cell.name, seed), "waiting") for seed in seeds}
        state = next(name for name in _MARKS if name in found)
        mark, style = _MARKS[state]
        if state == "under way":
            seed = next(seed for seed in seeds if states.get((cell.name, seed)) == state)
            mark = self._progress(histories[cell.name, seed])
        return Text(_ASCII.get(mark, mark) if self._is_ascii else mark, style)

    def _progress(self, history: History) -> str:
        share = history.step / history.num_steps if history.num_steps else 0.0
        if self._is_ascii:
            return str(min(int(10 * share), 9))
        if not history.step:
            return _SPINNER[int(time.monotonic() * 8) % len(_SPINNER)]
        return _BLOCKS[min(int(len(_BLOCKS) * share), len(_BLOCKS) - 1)]

    def _mean(self, cell: Cell, histories: dict[Place, History]) -> str:
        """Give the running mean of what the first claim is about."""
        mine = [h for seed in self.board.seeds if (h := histories.get((cell.name, seed))) is not None]
        ended = sum(history.outcome is not None for history in mine)
        known = self._means.get(cell.name)
        if known is None or known[0] != ended:
            # Nothing is measured where the first runs broke off.
            wanted = measures(self.board)[:1] if ended else []
            text = "".join(summarize(each, self.board.cell_trials(cell.name)).text for each in wanted)
            known = self._means[cell.name] = (ended, text)
        return known[1]


def group_seeds(seeds: Sequence[int], room: int) -> list[Sequence[int]]:
    """Share seeds among at most `room` marks, each but the last with as many.

    >>> [len(group) for group in group_seeds(range(10), 4)]
    [3, 3, 3, 1]
    """
    size = -(-len(seeds) // room)
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


def _state(history: History) -> str:
    return "under way" if history.outcome is None else _STATES[history.outcome]


def _choose_rows(board: Board, states: dict[Place, str], room: int) -> tuple[Sequence[Cell], str]:
    """Choose the rows that a terminal has room for, and say what is left out."""
    cells = board.cells
    if len(cells) <= room:
        return cells, ""
    counts = {
        cell.name: Counter(states.get((cell.name, s), "waiting") for s in board.seeds) for cell in cells
    }

    def rank(cell: Cell) -> tuple[bool, bool]:
        count = counts[cell.name]
        return not count["under way"], count["waiting"] in (0, len(board.seeds))

    chosen = {cell.name for cell in sorted(cells, key=rank)[:room]}
    rest = [cell for cell in cells if cell.name not in chosen]
    open_states = ("waiting", "stopped", "under way")
    through = sum(not any(counts[cell.name][state] for state in open_states) for cell in rest)
    left_out = f"and {len(rest):,} more: {through:,} through, {len(rest) - through:,} not"
    return [cell for cell in cells if cell.name in chosen], left_out


def _legend(seen: set[str], ascii_only: bool) -> Text:
    words = Text(style="dim")
    for state, (mark, style) in _MARKS.items():
        if state in seen and mark:
            words.append(_ASCII.get(mark, mark) if ascii_only else mark, style)
            words.append(f" {state}  ")
    return words
