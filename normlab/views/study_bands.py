"""A study's curves: for each cell the median over its seeds, a band around it, and the single seeds faint."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import nan
from typing import get_args

from normlab.analysis.bands import Band, band
from normlab.engine.events import FAILURES
from normlab.lab.metrics import Metric, better
from normlab.views.board import Board
from normlab.views.chart import COLORS, Series
from normlab.views.curves import ChartChoices, resolve_axis
from normlab.views.history import Axis, History
from normlab.views.marks import MARKS, mark_of
from normlab.views.thinning import Points, thin

Hue = tuple[str, str]
"""A cell's colour, and the faint one of its band and its seeds."""

TERMINAL: Sequence[Hue] = tuple(zip(COLORS, ("4", "3", "2", "1", "5", "6", "7", "8"), strict=True))
"""Of the terminal's own colours the bright one, and the dark one of the same hue."""
MAX_CELLS = len(MARKS)
"""That can be told apart on one chart."""
NUM_MARKS = 12
"""On a median, at most."""


@dataclass(frozen=True)
class CellBand:
    """A cell's metric over its seeds."""

    cell: str
    hue: int
    """Which hue and mark is its own: its arm's."""
    band: Band
    """Over all points of all runs that have begun."""
    curves: Sequence[tuple[list[float], list[float]]]
    """Of the single seeds."""


def band_metrics(board: Board) -> list[Metric]:
    """List the metrics that a study's runs have measured, those of its claims first."""
    measured = {
        name for history in list(board.histories.values()) if history.last for name in history.last.metrics
    }
    claimed = [claim.metric for claim in board.preset.claims]
    targets = [name for claim in board.preset.claims for name in claim.target or ()]
    known: Iterable[Metric] = get_args(Metric)
    first = [name for name in known if name in claimed or name in targets]
    usual = ["val_loss", "val_accuracy", "val_rmse"]
    return [
        name
        for name in dict.fromkeys([*first, *(n for n in known if n in usual), *known])
        if name in measured
    ]


def band_axis(board: Board) -> Axis:
    """Tell what a study's curves run over: epochs, or steps where training is counted in them."""
    return resolve_axis(ChartChoices(), list(board.histories.values()))


def neighbours(board: Board, cell: str) -> list[str]:
    """Name a cell and those of the other arms at its place of the grid: what it is compared with."""
    points = {each.name: each.point for each in board.cells}
    return [each.name for each in board.cells if each.point == points[cell]]


def collect_bands(
    board: Board, metric: str, cells: Sequence[str] | None = None, axis: Axis | None = None
) -> list[CellBand]:
    """Gather the bands of some cells, by default of all: at most `MAX_CELLS`, those without a run left out.

    A value that is no number counts as the worst.
    """
    axis = axis or band_axis(board)
    wanted = [cell for cell in board.cells if cells is None or cell.name in cells]
    arms = list(board.preset.experiments)
    worst = float("-inf") if better(metric) == "higher" else float("inf")
    found: list[CellBand] = []
    for place, cell in enumerate(wanted):
        histories = list(board.cell_histories(cell.name).values())
        curves = [history.curve(metric, axis) for history in histories]
        if any(x for x, _ in curves) and len(found) < MAX_CELLS:
            # Several places of a grid side by side would share their arms' colours.
            hue = arms.index(cell.arm) if len({c.arm for c in wanted}) == len(wanted) else place
            found.append(CellBand(cell.name, hue, band(_prolonged(histories, curves), worst), curves))
    return found


def _prolonged(histories: Sequence[History], curves: Sequence[Points]) -> Iterator[Points]:
    """Let a run that failed go on without a number as far as any other goes: the band is to remember it."""
    places = sorted({x for xs, _ in curves for x in xs})
    for history, (xs, ys) in zip(histories, curves, strict=True):
        rest = [x for x in places if not xs or x > xs[-1]] if history.outcome in FAILURES else []
        yield [*xs, *rest], [*ys, *(nan for _ in rest)]


def series_of(bands: Sequence[CellBand], hues: Sequence[Hue] = TERMINAL, seeds: bool = True) -> list[Series]:
    """Draw bands: filled areas behind, then single seeds of few dots, then medians with their marks."""
    areas: list[Series] = []
    singles: list[Series] = []
    medians: list[Series] = []
    marks: list[Series] = []
    for each in bands:
        color, faint = hues[each.hue % len(hues)]
        drawn = each.band
        if any(low == low for low in drawn.low):
            areas.append(Series(drawn.x, drawn.low, faint, upper=drawn.high))
        if seeds and len(each.curves) > 1:
            singles += [Series(x, y, faint, faint=True) for x, y in each.curves if x]
        medians.append(Series(drawn.x, drawn.median, color))
        marks.append(Series(*thin(drawn.x, drawn.median, NUM_MARKS), color, mark_of(each.hue)))
    return [*areas, *singles, *medians, *marks]
