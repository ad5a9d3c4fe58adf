"""A report's curves: drawn where matplotlib is there, and told as numbers where it isn't."""

from collections.abc import Iterator
from math import isfinite, isnan

from normlab.analysis.bands import Band
from normlab.exports.study_blocks import Block, Drawing, Drawings, Paragraph, Span, Table, Text, plain, quiet
from normlab.exports.study_panels import GridPanel, Panel, grid_panels, panels
from normlab.exports.study_seeds import named
from normlab.views.board import Board
from normlab.views.comparison_cells import ABSENT
from normlab.views.study_bands import band_axis, collect_bands
from normlab.views.study_table import Measure, show

_MOST = 24
"""Drawings of one report."""
_PLACES = 6
"""Columns of curves that are told as numbers."""


def drawings(board: Board, draws: bool) -> Iterator[Block]:
    """Draw the curves, and what a grid comes to; or tell the first of them as numbers."""
    every = [*grid_panels(board), *panels(board)]
    if not every:
        return
    wanted = every[:_MOST] if draws else []
    drawn = [_draw(board, each, f"drawing{place}") for place, each in enumerate(wanted)]
    yield Drawings(list(_legend(board)), drawn, list(_numbers(board, panels(board)[0])))
    if len(drawn) == _MOST < len(every):
        yield Paragraph(quiet(f"{len(every) - _MOST} more are left out."))


def _draw(board: Board, panel: GridPanel | Panel, salt: str) -> Drawing:
    from normlab.exports.study_curves import draw_grid, draw_panel

    is_grid = isinstance(panel, GridPanel)
    svg = draw_grid(board, panel, salt) if is_grid else draw_panel(board, panel, salt)
    return Drawing(panel.title, svg)


def _legend(board: Board) -> Iterator[Text]:
    for index, arm in enumerate(board.preset.experiments):
        yield (Span(str(index), "mark"), Span(arm))
    yield quiet("thick: median over the seeds, in its 95 % interval")
    yield quiet("thin: one seed")
    if any(metric.startswith("train_") for panel in panels(board) for metric in panel.tab.metrics):
        yield quiet("dashed: training")
    if board.outcomes()["diverged"]:
        yield quiet("▲ diverged")


def _numbers(board: Board, panel: Panel) -> Iterator[Block]:
    """Tell the medians and their intervals at some places along the training."""
    axis, metric = band_axis(board), panel.tab.metrics[-1]
    names = [cell.name for cell in panel.cells]
    bands = {each.cell: each.band for each in collect_bands(board, metric, names, axis)}
    places = sorted({x for band in bands.values() for x in band.x})
    if not places:
        return
    wanted = sorted({places[round(k * (len(places) - 1) / (_PLACES - 1))] for k in range(_PLACES)})
    yield Paragraph(plain(f"{metric} by {axis}: the median over the seeds, and its 95 % interval"))
    rows = [
        [named(board, cell), *(_at(bands[cell.name], place, Measure(metric)) for place in wanted)]
        for cell in panel.cells
        if cell.name in bands
    ]
    yield Table([plain(axis), *(plain(f"{place:,.6g}") for place in wanted)], rows)


def _at(band: Band, place: float, measure: Measure) -> Text:
    if place not in band.x:
        return quiet(ABSENT)
    row = band.x.index(place)
    middle, low, high = (
        show(value, measure) if isfinite(value) else "∞"
        for value in (band.median[row], band.low[row], band.high[row])
    )
    return plain(middle if isnan(band.low[row]) else f"{middle} ({low} to {high})")
