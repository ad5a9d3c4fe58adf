"""Statistics of a study for the screen, reckoned apart from it: SciPy alone takes half a second to load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from normlab.analysis.verdict import Verdict

if TYPE_CHECKING:
    from normlab.views.board import Board
    from normlab.views.history import Axis
    from normlab.views.study_bands import CellBand
    from normlab.views.study_table import Summary


@dataclass(frozen=True)
class Wish:
    """What is looked at."""

    metric: str
    """That the bands are of."""
    axis: "Axis"
    cells: tuple[str, ...]
    """That have a band."""


@dataclass(frozen=True)
class Reckoning:
    """A study's statistics, and what they were made of."""

    wish: Wish | None = None
    board: "Board | None" = None
    stamp: tuple[int, ...] = ()
    """Of the board then."""
    summaries: "Mapping[str, Summary]" = field(default_factory=dict[str, "Summary"])
    """By cell: what the first claim compares, or the usual metric, over the runs that have ended."""
    verdicts: Sequence[Verdict] = ()
    """Empty while runs are to be made: nobody peeks."""
    caveats: Sequence[str] = ()
    """Empty until then, too."""
    bands: "Sequence[CellBand]" = ()

    def answers(self, wish: Wish, board: "Board") -> bool:
        """Tell whether there is nothing to reckon anew."""
        return (self.wish, self.stamp) == (wish, stamp_of(board)) and self.board is board


def stamp_of(board: "Board") -> tuple[int, ...]:
    """Give what a board's statistics change with: runs that have ended, evaluations of the others."""
    histories = list(board.histories.values())
    return board.num_ended, len(histories), sum(len(history.points) for history in histories)


def reckon(wish: Wish, board: "Board") -> Reckoning:
    """Reckon a study's statistics as it stands. Raises: StoreError, ConfigError."""
    from normlab.views.study_bands import collect_bands
    from normlab.views.study_caveats import caveats
    from normlab.views.study_table import measures, summarize

    stamp = stamp_of(board)
    # Runs that begin meanwhile must not change what is gone through.
    still = replace(
        board,
        histories=dict(board.histories),
        runs=dict(board.runs),
        environments=dict(board.environments),
    )
    trials, wanted = still.trials, measures(still)
    return Reckoning(
        wish,
        board,
        stamp,
        {cell: summarize(wanted[0], runs) for cell, runs in trials.items() if runs} if wanted else {},
        still.verdicts if still.is_complete else (),
        caveats(still) if still.is_complete else (),
        collect_bands(still, wish.metric, wish.cells, wish.axis),
    )
