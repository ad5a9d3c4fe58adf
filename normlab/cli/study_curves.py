"""A study's curves on stdout: for each arm the median over its seeds, with a band around it."""

import sys
from collections.abc import Sequence

from rich.text import Text

from normlab.cli.report import PipeConsole
from normlab.core.text import visible
from normlab.lab.study import Cell, Claim
from normlab.views.board import Board
from normlab.views.chart import COLORS, draw
from normlab.views.marks import mark_of
from normlab.views.study_bands import MAX_CELLS, band_axis, band_metrics, collect_bands, series_of
from normlab.views.study_names import short_names

_WIDTH, _HEIGHT, _NAME_WIDTH = 110, 20, 40


def print_bands(board: Board) -> None:
    """Print the curves of the metric that the first claims are about."""
    console = PipeConsole(highlight=False)
    for metric in band_metrics(board)[:1]:
        chosen = choose_cells(board, metric)
        bands, axis = collect_bands(board, metric, [cell.name for cell in chosen]), band_axis(board)
        values = [value for each in bands for value in each.band.median if value > 0]
        log = metric.endswith(("_loss", "_rmse")) and bool(values) and max(values) > 30 * min(values)
        title = f"{visible(board.preset.title)}: {metric} by {axis}{', log scale' if log else ''}"
        # In a file dots of single seeds could not be told from the medians: there are no colours.
        series = series_of(bands, seeds=console.is_terminal)
        chart = draw(series, title, min(console.width, _WIDTH), _HEIGHT, color=console.is_terminal, log=log)
        if not chart:
            return
        sys.stdout.write(chart.rstrip("\n") + "\n")
        short = short_names(chosen, _NAME_WIDTH).of
        names = [
            Text(f"{mark_of(each.hue)} {short[each.cell]}", f"color({COLORS[each.hue % len(COLORS)]})")
            for each in bands
        ]
        console.print(Text("   ").join(names), soft_wrap=not console.is_terminal)
        some = _left_out(board, len(bands))
        known = any(low == low for each in bands for low in each.band.low)
        what = "medians over seeds, areas: their 95 % intervals" if known else "medians over seeds"
        console.print(what + some, style="dim", soft_wrap=not console.is_terminal)


def choose_cells(board: Board, metric: str) -> list[Cell]:
    """Choose what a chart has room for: what claims compare, those about the metric first; else, of places
    spread over the grid, all arms."""
    cells = list(board.cells)
    if len(cells) <= MAX_CELLS:
        return cells
    chosen: dict[str, Cell] = {}
    for claim in sorted(board.preset.claims, key=lambda claim: not _is_about(claim, metric)):
        arms = (claim.arm, claim.against)
        of_claim = [cell for cell in cells if cell.arm in arms and claim.is_at(cell.point)]
        for cell in _some_places(of_claim, len(arms), MAX_CELLS - len(chosen)):
            if len(chosen) < MAX_CELLS:
                chosen[cell.name] = cell
    return list(chosen.values()) or _some_places(cells, len(board.preset.experiments), MAX_CELLS)


def _is_about(claim: Claim, metric: str) -> bool:
    return metric in (claim.metric, *(claim.target or ()))


def _some_places(cells: Sequence[Cell], num_arms: int, room: int) -> list[Cell]:
    """Choose all arms at as many places as there is room for, evenly; at least one, with those that fit."""
    points = [cell.point for cell in cells if cell.arm == cells[0].arm]
    count = min(max(room // num_arms, 1), len(points))
    last = len(points) - 1
    wanted = [points[round(index * last / max(count - 1, 1))] for index in range(count)]
    return [cell for point in wanted for cell in cells if cell.point == point][: max(room, 0)]


def _left_out(board: Board, shown: int) -> str:
    if shown == len(board.cells):
        return ""
    which = "which claims are about" if board.preset.claims else "spread over the grid"
    return f"; {shown} of {len(board.cells)} arms, {which}" if len(board.cells) > MAX_CELLS else ""
