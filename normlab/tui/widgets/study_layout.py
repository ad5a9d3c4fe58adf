"""How a study's grid is laid out, and the signs in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from normlab.core.text import visible
from normlab.lab.settings import show_setting
from normlab.lab.study import Cell, point_label

if TYPE_CHECKING:
    from normlab.views.history import History

SIGNS = {
    "to be made": ("·", ".", "secondary"),
    "running": ("▸", ">", "accent"),
    "completed": ("●", "o", "success"),
    "early stopped": ("◐", "e", "success"),
    "diverged": ("▲", "^", "error"),
    "oom": ("■", "M", "error"),
    "failed": ("✗", "x", "error"),
    "stopped": ("◌", "-", "warning"),
    "interrupted": ("◌", "-", "warning"),
}
"""How a run stands: its sign, the one for poor fonts, and its colour."""
MAX_SPARK, MIN_SPARK = 8, 3
"""Characters of a place's curve; with less room than that there is none."""
MAX_SUMMARY = 26
MIN_NAME = 10
PLAIN = str.maketrans("±–↓×∞…·", "~-vxi.-")
"""What stands for signs that a poor font lacks, beside those of charts."""


@dataclass(frozen=True)
class Layout:
    """How the width is shared."""

    name: int
    spark: int
    """Characters of each place's curve; 0 leaves only its sign."""
    seeds: int
    """Places that are seen at a time."""
    row_spark: int
    """Characters of a single curve for the row, where places have none."""
    summary: int

    @property
    def place(self) -> int:
        """Columns of a place, the gap before it included."""
        return self.spark + 2


def layout(width: int, name: int, seeds: int, summary: int) -> Layout:
    """Share a width among the names, the places of so many seeds, and the summaries.

    >>> layout(80, 12, 6, 16)
    Layout(name=12, spark=5, seeds=6, row_spark=0, summary=16)
    """
    summary = min(summary, MAX_SUMMARY)
    wanted, name = name, min(name, max(MIN_NAME, width * 35 // 100))
    room = max(2, width - name - 3 - (summary + 2 if summary else 0))
    spark = min(room // seeds - 2, MAX_SPARK)
    if spark >= MIN_SPARK:
        return Layout(min(wanted, name + room - seeds * (spark + 2)), spark, seeds, 0, summary)
    shown = min(seeds, room // 2)
    rest = room - 2 * shown - 2
    return Layout(name, 0, shown, min(rest, 2 * MAX_SPARK) if rest >= MIN_SPARK else 0, summary)


def state_of(history: "History | None") -> str:
    """Tell how a run stands, as `SIGNS` has it."""
    if history is None:
        return "to be made"
    return (history.outcome or "running").replace("_", " ")


def short(cell: Cell, width: int) -> str:
    """Shorten a cell's name, its arm's part first: where on the grid it is tells it from its neighbours."""
    name = visible(cell.name, 100)
    where = f" · {visible(point_label(cell.point), 60)}" if cell.point else ""
    if len(name) > width and len(where) > width // 2:
        where = " · " + ", ".join(visible(show_setting(value), 20) for value in cell.point.values())
    name = visible(cell.arm, 60) + where
    if len(name) <= width:
        return name
    room = max(width - len(where) - 1, 1)
    return f"{visible(cell.arm, 60)[:room]}…{where}"[:width]


def follow(first: int, cursor: int, shown: int, total: int) -> int:
    """Move a stretch so far that it holds the cursor."""
    first = min(max(first, cursor - shown + 1), cursor)
    return max(0, min(first, total - shown))
