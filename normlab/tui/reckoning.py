"""Statistics of a study for the screen, reckoned apart from it: SciPy alone takes half a second to load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
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
    stamp: int = -1
    """The board's version then."""
    summaries: "Mapping[str, Summary]" = field(default_factory=dict[str, "Summary"])
    """By cell: what the first claim compares, or the usual metric, over the runs that have ended."""
    verdicts: Sequence[Verdict] = ()
    """Empty while runs are to be made: nobody peeks."""
    caveats: Sequence[str] = ()
    """Empty until then, too."""
    bands: "Sequence[CellBand]" = ()

    def answers(self, wish: Wish, board: "Board") -> bool:
        """Tell whether there is nothing to reckon anew."""
        return (self.wish, self.stamp) == (wish, board.version) and self.board is board


def reckon(wish: Wish, board: "Board") -> Reckoning:
    """Reckon a study's statistics as it stands. Raises: StoreError, ConfigError."""
    from normlab.views.study_bands import collect_bands
    from normlab.views.study_caveats import caveats
    from normlab.views.study_table import measures, summarize

    stamp = board.version  # first: what changes meanwhile is reckoned again
    # Runs that begin or end meanwhile must not change what is gone through.
    parts = {each.name: getattr(board, each.name) for each in fields(board)}
    copies = {name: dict(part) for name, part in parts.items() if isinstance(part, dict)}
    still = replace(board, **copies, version=stamp)
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
