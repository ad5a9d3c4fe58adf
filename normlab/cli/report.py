"""The end of a headless run: curves and the side-by-side table, on stdout."""

import errno
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from normlab.core.text import visible
from normlab.views.chart import COLORS, Series, draw
from normlab.views.comparison import Comparison, compare
from normlab.views.history import History
from normlab.views.marks import MARKS


class PipeConsole(Console):
    """A console whose reader may leave: rich would exit with 1, which says that a run failed.

    Nor does it make pictures of what stands between colons in somebody's text.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, **options)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, "the reader has left")


Histories = Mapping[str, Sequence[History]]
"""The runs of each arm, by its name."""


def print_curves(histories: Histories, title: str) -> None:
    """Print the loss curves of each arm's first seed: training as lines, validation as marks."""
    console = PipeConsole(highlight=False)
    series: list[Series] = []
    legend: list[Text] = []
    for (arm, runs), color, mark in zip(histories.items(), COLORS, MARKS, strict=False):
        series.append(Series(*runs[0].curve("train_loss"), color))
        series.append(Series(*runs[0].curve("val_loss"), color, mark))
        ended = "" if runs[0].outcome == "completed" else f" ({runs[0].outcome})"
        legend.append(Text(f"{mark} {visible(arm, 40)}{ended}", f"color({color})"))
    unit = next(iter(histories.values()))[0].unit
    values = [value for curve in series for value in curve.y if value > 0]
    log = bool(values) and max(values) > 30 * min(values)
    title = f"{visible(title)}: loss by {unit}{', log scale' if log else ''}"
    chart = draw(series, title, min(console.width, 110), 20, color=console.is_terminal, log=log)
    if not chart:
        return
    sys.stdout.write(chart.rstrip("\n") + "\n")
    console.print(Text("   ").join(legend))
    what = (
        "lines: training; marks: validation"
        if any(curve.marker and curve.y for curve in series)
        else "lines: training"
    )
    some = "" if len(histories) <= len(MARKS) else f"; the first {len(MARKS)} of {len(histories)} arms"
    seed = next(iter(histories.values()))[0].experiment.seed
    console.print(f"{what}; seed {seed}{some}", style="dim")


def print_table(histories: Histories) -> None:
    """Print the runs of arms side by side."""
    print_comparison(compare(histories.items()))


def print_comparison(comparison: Comparison) -> None:
    """Print arms side by side: settings that differ, then results; the baseline stands in each table."""
    print_fitting(lambda arms: _table(comparison, arms), [0], range(1, len(comparison.arms)))


def print_fitting(make: Callable[[Sequence[int]], Table], fixed: Sequence[int], rest: Sequence[int]) -> None:
    """Print a table of some columns; on a terminal one below another, each as wide as it allows.

    `make` gives the table of columns by their places; those of `fixed` stand in each.
    """
    console = PipeConsole(highlight=False)
    if not console.is_terminal:  # nobody looks at a screen of a given width: one table, and nothing cut
        table = make([*fixed, *rest])
        PipeConsole(highlight=False, width=_width(table, console)).print(table)
        return
    left = list(rest)
    while True:
        shown = [*fixed, *left[:1]]
        left = left[1:]
        while left and _width(make([*shown, left[0]]), console) <= console.width:
            shown.append(left.pop(0))
        console.print(make(shown))
        if not left:
            return


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum


def _table(comparison: Comparison, arms: Sequence[int]) -> Table:
    """Make the table of some arms, by their places in the comparison."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column()
    for arm in arms:
        table.add_column(Text(visible(comparison.arms[arm], 40)), justify="right")
    for rows in comparison.sections:
        for row in rows:
            table.add_row(Text(row.name), *(Text(row.cells[arm].text) for arm in arms))
        table.add_section()
    return table
