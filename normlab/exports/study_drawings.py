"""A report's curves: drawn where matplotlib is there, and told as numbers where it isn't."""

from collections.abc import Iterator
from math import isfinite, isnan

from normlab.analysis.bands import Band
from normlab.engine.events import FAILURES
from normlab.exports.study_blocks import (
    Block,
    Drawing,
    Drawings,
    Fold,
    Paragraph,
    Span,
    Table,
    Text,
    plain,
    quiet,
)
from normlab.exports.study_panels import GridPanel, Panel, cell_groups, grid_panels, panels
from normlab.exports.study_seeds import WORDS, named
from normlab.lab.metrics import SCORES
from normlab.lab.study import Cell
from normlab.views.board import Board
from normlab.views.comparison_cells import ABSENT
from normlab.views.study_bands import band_axis, collect_bands
from normlab.views.study_table import Measure, show

_MOST = 24
"""Drawings of one report."""
_PLACES = 6
"""Columns of curves that are told as numbers."""
_OPEN = 6
"""Tables of such numbers that stand open."""


def drawings(board: Board, draws: bool) -> Iterator[Block]:
    """Draw the curves, and what a grid comes to; or tell those that claims are about as numbers."""
    every = [*grid_panels(board), *panels(board)]
    if not every:
        return
    wanted = every[:_MOST] if draws else []
    drawn = [_draw(board, each, f"drawing{place}") for place, each in enumerate(wanted)]
    yield Drawings(list(_legend(board)), drawn, list(_numbers(board)))
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


def _numbers(board: Board) -> Iterator[Block]:
    """Tell what claims are about, or the first curves: medians and intervals at some places of training."""
    usual = panels(board)[0].tab.metrics[-1]
    groups = cell_groups(board)
    wanted: list[tuple[str, str, list[Cell]]] = []
    for claim in board.preset.claims:
        metric = next(iter(claim.target or ()), claim.metric)
        wanted += [
            (metric if metric in SCORES else usual, title, cells)
            for title, cells in groups
            if claim.is_at(cells[0].point) and {claim.arm, claim.against} <= {cell.arm for cell in cells}
        ]
    told: list[list[Block]] = []
    for metric, title, cells in wanted or [(usual, *groups[0])]:
        if (blocks := list(_table(board, metric, title, cells))) and blocks not in told:
            told.append(blocks)
    yield from (block for blocks in told[:_OPEN] for block in blocks)
    if rest := told[_OPEN:]:
        yield Fold(f"{len(rest)} more", [block for blocks in rest for block in blocks])


def _table(board: Board, metric: str, title: str, cells: list[Cell]) -> Iterator[Block]:
    axis = band_axis(board)
    bands = {each.cell: each.band for each in collect_bands(board, metric, [c.name for c in cells], axis)}
    places = sorted({x for band in bands.values() for x in band.x})
    if not places:
        return
    wanted = sorted({places[round(k * (len(places) - 1) / (_PLACES - 1))] for k in range(_PLACES)})
    where = f", {title}" if title else ""
    yield Paragraph(plain(f"{metric} by {axis}{where}: the median over the seeds, and its 95 % interval"))
    rows = [
        [
            named(board, cell),
            *(_at(bands[cell.name], x, Measure(metric), _failure(board, cell)) for x in wanted),
        ]
        for cell in cells
        if cell.name in bands
    ]
    yield Table([plain(axis), *(plain(f"{place:,.6g}") for place in wanted)], rows)


def _failure(board: Board, cell: Cell) -> str:
    """Say in a word what became of a cell's runs that failed."""
    found = {history.outcome for history in board.cell_histories(cell.name).values()} & {*FAILURES}
    return WORDS[found.pop() or ""] if len(found) == 1 else "failed"


def _at(band: Band, place: float, measure: Measure, failure: str) -> Text:
    if place not in band.x:
        return quiet(ABSENT)
    row = band.x.index(place)
    middle, low, high = (
        show(value, measure) if isfinite(value) else failure
        for value in (band.median[row], band.low[row], band.high[row])
    )
    alone = isnan(band.low[row]) or low == high == failure
    return plain(middle if alone else f"{middle} ({low} to {high})")
