"""A study's curves with matplotlib: the median over the seeds, its interval as a band, single seeds faint."""

import math
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from normlab.analysis.bands import Band
from normlab.exports.figures import inline, plain_matplotlib
from normlab.exports.panel import DASHED, HUES, SIGNS, drawn, dress, marker_of
from normlab.exports.study_panels import GridPanel, Panel, grid_bands
from normlab.views.board import Board
from normlab.views.curves import Curve, collect
from normlab.views.study_bands import CellBand, band_axis, collect_bands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SEED: dict[str, Any] = {"linewidth": 0.5, "alpha": 0.3}
_SEED_COLUMNS = 80
"""A single seed is drawn from at most twice as many points."""


def draw_panel(board: Board, panel: Panel, salt: str) -> str:
    """Draw curves as an <svg>; `salt` keeps its ids from those of the page's other drawings."""
    axis = band_axis(board)
    names = [cell.name for cell in panel.cells]
    bands = {metric: collect_bands(board, metric, names, axis) for metric in panel.tab.metrics}
    *others, main = [(metric, found) for metric, found in bands.items() if found] or [("", [])]
    values = _finite(y for found in bands.values() for each in found for _, ys in each.curves for y in ys)
    with _figure(salt) as (figure, axes):
        for metric, found in others:
            for each in found:
                axes.plot(*_line(each.band), **_look(metric, each.hue), linewidth=1, alpha=0.75)
        for each in main[1]:
            _draw_band(axes, each, _look(main[0], each.hue), values)
        for cell in panel.cells:
            color = HUES[panel.arms.index(cell.arm) % len(HUES)]
            for history in board.cell_histories(cell.name).values():
                if (place := collect(history, panel.tab, axis, color, "").diverged) is not None:
                    top, look = axes.get_xaxis_transform(), SIGNS["diverged"][1]
                    axes.plot([place], [1], color=color, clip_on=False, transform=top, **look)
        dress(axes, values, axis, panel.tab.scaled)
        return inline(figure)


def draw_grid(board: Board, panel: GridPanel, salt: str) -> str:
    """Draw what a measure comes to over a grid as an <svg>: a line per arm, or points with their intervals.

    Where the run in the middle has failed, its arm's sign for that stands above.
    """
    bands = grid_bands(board, panel)
    values = _finite(y for band in bands.values() for ys in (band.low, band.median, band.high) for y in ys)
    with _figure(salt) as (figure, axes):
        for index, band in bands.items():
            color = HUES[index % len(HUES)]
            look: dict[str, Any] = {"color": color, "marker": marker_of(index), "markersize": 4}
            if panel.is_ordered:
                _fill(axes, band, color, values)
                axes.plot(*_line(band), **look, linewidth=1.8)
            else:
                # Side by side, as points of one place would hide each other.
                band.x[:] = [x + 0.5 * ((index + 1) / (len(bands) + 1) - 0.5) for x in band.x]
                low, high = _within(band, values)
                axes.vlines(band.x, low, high, color=color, linewidth=1.8, alpha=0.45)
                axes.plot(*_line(band), **look, linestyle="")
            if failed := [x for x, y in zip(band.x, band.median, strict=True) if math.isinf(y)]:
                top, sign = axes.get_xaxis_transform(), SIGNS["diverged"][1]
                axes.plot(failed, [1] * len(failed), color=color, clip_on=False, transform=top, **sign)
        dress(axes, values, panel.path, panel.scaled)
        every = len(panel.values) // 9 + 1
        axes.set_xticks(range(0, len(panel.values), every), panel.values[::every])
        for label in axes.get_xticklabels():
            label.set_parse_math(False)
        return inline(figure)


@contextmanager
def _figure(salt: str) -> "Generator[tuple[Figure, Axes]]":
    with plain_matplotlib(salt=salt, fonttype="none"):
        from matplotlib.figure import Figure

        figure = Figure((6.2, 3.3), layout="constrained")
        yield figure, figure.add_subplot()


def _draw_band(axes: "Axes", cell: CellBand, look: dict[str, Any], values: Sequence[float]) -> None:
    if len(cell.curves) > 1:
        for xs, ys in cell.curves:
            axes.plot(*drawn(Curve(xs, ys), _SEED_COLUMNS), **look, **_SEED)
    _fill(axes, cell.band, look["color"], values)
    x, y = _line(cell.band)
    every = len(x) // 8 + 1
    look |= {"marker": marker_of(cell.hue), "markersize": 4, "markevery": (cell.hue % every, every)}
    axes.plot(x, y, **look, linewidth=1.8)


def _fill(axes: "Axes", band: Band, color: str, values: Sequence[float]) -> None:
    """Fill a band."""
    every = len(band.x) // 400 + 1
    low, high = (ends[::every] for ends in _within(band, values))
    axes.fill_between(band.x[::every], low, high, color=color, alpha=0.18, linewidth=0)


def _within(band: Band, values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Give a band's ends; an infinite one lies where the largest or the smallest of the values does."""
    least, most = min(values, default=0.0), max(values, default=1.0)
    low, high = (
        [end if math.isnan(end) else min(max(end, least), most) for end in ends]
        for ends in (band.low, band.high)
    )
    return low, high


def _line(band: Band) -> tuple[list[float], list[float]]:
    return drawn(Curve(band.x, band.median))


def _look(metric: str, hue: int) -> dict[str, Any]:
    look: dict[str, Any] = {"color": HUES[hue % len(HUES)]}
    return look | ({"linestyle": DASHED} if metric.startswith("train_") else {})


def _finite(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]
