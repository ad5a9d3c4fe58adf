"""A study's curves on stdout: for each arm the median over its seeds, with a band around it."""

import sys

from rich.text import Text

from normlab.cli.report import PipeConsole
from normlab.core.text import visible
from normlab.views.board import Board
from normlab.views.chart import COLORS, draw
from normlab.views.marks import mark_of
from normlab.views.study_bands import MAX_CELLS, band_axis, band_metrics, collect_bands, series_of

_WIDTH, _HEIGHT = 110, 20


def print_bands(board: Board) -> None:
    """Print the curves of the metric that the first claims are about."""
    console = PipeConsole(highlight=False)
    for metric in band_metrics(board)[:1]:
        bands, axis = collect_bands(board, metric), band_axis(board)
        values = [value for each in bands for value in each.band.median if value > 0]
        log = metric.endswith(("_loss", "_rmse")) and bool(values) and max(values) > 30 * min(values)
        title = f"{visible(board.preset.title)}: {metric} by {axis}{', log scale' if log else ''}"
        # In a file dots of single seeds could not be told from the medians: there are no colours.
        series = series_of(bands, seeds=console.is_terminal)
        chart = draw(series, title, min(console.width, _WIDTH), _HEIGHT, color=console.is_terminal, log=log)
        if not chart:
            return
        sys.stdout.write(chart.rstrip("\n") + "\n")
        names = [
            Text(f"{mark_of(each.hue)} {visible(each.cell, 40)}", f"color({COLORS[each.hue % len(COLORS)]})")
            for each in bands
        ]
        console.print(Text("   ").join(names), soft_wrap=not console.is_terminal)
        some = "" if len(board.cells) <= MAX_CELLS else f"; {len(bands)} of {len(board.cells)} arms"
        known = any(low == low for each in bands for low in each.band.low)
        what = "medians over seeds, areas: their 95 % intervals" if known else "medians over seeds"
        console.print(what + some, style="dim", soft_wrap=not console.is_terminal)
