"""Which curves a report shows: all arms together, at each place of the grid, or claim by claim."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from normlab.analysis.bands import Band
from normlab.analysis.estimates import Median
from normlab.analysis.scales import is_share_of_runs, scale_of, worst
from normlab.analysis.trial import Failed, Trial
from normlab.core.text import visible
from normlab.exports.figures import measured_tabs
from normlab.lab.settings import show_setting
from normlab.lab.study import Cell, point_label
from normlab.views.board import Board
from normlab.views.curves import Tab
from normlab.views.study_bands import MAX_CELLS
from normlab.views.study_table import CONFIDENCE, Measure, measures


@dataclass(frozen=True)
class Panel:
    """Curves that are drawn together."""

    title: str
    arms: Sequence[str]
    """Of the whole study."""
    cells: Sequence[Cell]
    tab: Tab


@dataclass(frozen=True)
class GridPanel:
    """What a measure comes to over a grid: a line per arm, or points where the setting is no number."""

    title: str
    measure: Measure
    path: str
    """The setting that runs along."""
    cells: Sequence[Cell]

    @property
    def values(self) -> list[str]:
        """The setting's values as they are written, numbers by size; they lie equally far apart."""
        values = [cell.point[self.path] for cell in self.cells]
        return list(dict.fromkeys(map(show_setting, sorted(values) if self.is_ordered else values)))

    @property
    def is_ordered(self) -> bool:
        """Whether something lies between two values: they are numbers."""
        values = [cell.point[self.path] for cell in self.cells]
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)

    @property
    def scaled(self) -> bool:
        """Whether what it comes to may be drawn by powers."""
        return scale_of(self.measure.metric) == "ratio"


def panels(board: Board) -> list[Panel]:
    """List the curves that can be drawn, those that the claims are about first."""
    arms, tabs = list(board.preset.experiments), _tabs(board)
    groups = cell_groups(board)
    if len(groups) == 1:
        return [Panel(tab.title, arms, groups[0][1], tab) for tab in tabs]
    return [Panel(f"{tabs[0].title}, {title}", arms, cells, tabs[0]) for title, cells in groups if tabs]


def _tabs(board: Board) -> list[Tab]:
    """List what was measured, the first claim's own metric first."""
    tabs = measured_tabs(list(board.histories.values()))
    claimed = [name for claim in board.preset.claims for name in (claim.metric, *(claim.target or ()))]
    own = next((tab for name in claimed for tab in tabs if name in tab.metrics), None)
    rates = {point.metrics.get("lr") for history in board.histories.values() for point in history.points}
    shown = [tab for tab in tabs if tab.key != "lr" or len(rates) > 1]
    return sorted(shown, key=lambda tab: tab is not own)


def cell_groups(board: Board) -> list[tuple[str, list[Cell]]]:
    """List the cells that stand side by side, with their place of the grid in words."""
    points: dict[str, list[Cell]] = {}
    for cell in board.cells:
        points.setdefault(visible(point_label(cell.point), 200), []).append(cell)
    if len(board.preset.experiments) <= MAX_CELLS:
        return list(points.items())
    # More bands than can be told apart: what claims compare, pair by pair.
    pairs = dict.fromkeys((claim.arm, claim.against) for claim in board.preset.claims)
    return [
        (", ".join(filter(None, (title, f"{visible(own)} against {visible(other)}"))), found)
        for title, cells in points.items()
        for own, other in pairs
        if (found := [cell for cell in cells if cell.arm in (own, other)])
    ]


def grid_panels(board: Board) -> list[GridPanel]:
    """List charts over a grid, along its longest setting: of two measures, those that are claimed first."""
    points = [cell.point for cell in board.cells]
    values = {path: {repr(point[path]) for point in points} for path in points[0]}
    path = max(values, key=lambda path: len(values[path]), default="")
    if len(values.get(path, ())) < 3:
        return []
    # Settings that move together with it have one value at each of its own.
    both = {other: {(repr(point[path]), repr(point[other])) for point in points} for other in values}
    groups: dict[str, list[Cell]] = {}
    for cell in board.cells:
        rest = {key: value for key, value in cell.point.items() if len(both[key]) > len(values[path])}
        groups.setdefault(visible(point_label(rest), 200) if rest else "", []).append(cell)
    wanted = [measure for measure in measures(board) if measure.metric not in ("epochs_to", "steps_to")]
    return [
        GridPanel(", ".join(filter(None, (measure.label, title))), measure, path, cells)
        for measure in wanted[:2]
        for title, cells in groups.items()
    ]


def grid_bands(board: Board, panel: GridPanel) -> dict[int, Band]:
    """Give each arm's band over a grid, by the arm's place: medians, of shares of runs the share.

    A run without a value counts as the worst.
    """
    trials, places = board.trials, panel.values
    found: dict[int, Band] = {}
    for index, arm in enumerate(board.preset.experiments):
        line = found.setdefault(index, Band([], [], [], [], []))
        cells = {places.index(show_setting(c.point[panel.path])): c for c in panel.cells if c.arm == arm}
        for place, cell in sorted(cells.items()):
            if numbers := _numbers(panel.measure, trials[cell.name].values()):
                middle, (low, high) = _middle(panel.measure, numbers)
                line.x.append(float(place))
                line.median.append(middle)
                line.low.append(low)
                line.high.append(high)
                line.num.append(len(numbers))
    return found


def _middle(measure: Measure, numbers: list[float]) -> tuple[float, tuple[float, float]]:
    """Give the median, or the share of runs, and its interval."""
    if is_share_of_runs(measure.metric) and all(map(math.isfinite, numbers)):
        return sum(numbers) / len(numbers), _share_interval(round(sum(numbers)), len(numbers))
    middle = Median(numbers)
    return middle.center, middle.interval(CONFIDENCE) or (math.nan, math.nan)


def _share_interval(count: int, num: int) -> tuple[float, float]:
    """Give the exact interval of a share.

    Source: Clopper and Pearson, Biometrika 26, 1934.
    """
    from scipy.special import betaincinv

    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(count, num - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, num - count, 1 - tail)) if count < num else 1.0
    return low, high


def _numbers(measure: Measure, trials: Iterable[Trial]) -> list[float]:
    values = (measure.of(trial) for trial in trials)
    bad = worst(measure.metric)
    return [bad if isinstance(value, Failed) else value for value in values if value is not None]
