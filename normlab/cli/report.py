"""The end of a headless run: curves and the side-by-side table, on stdout."""

import sys
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from normlab.core.text import visible
from normlab.views.chart import STYLES, Series, draw
from normlab.views.comparison import compare
from normlab.views.history import History

Histories = Mapping[str, Sequence[History]]


def print_curves(histories: Histories, title: str) -> None:
    """Print the loss curves of each arm's first seed: training as lines, validation as marks."""
    console = Console(highlight=False)
    series: list[Series] = []
    legend: list[Text] = []
    for (arm, runs), (color, style, mark) in zip(histories.items(), STYLES, strict=False):
        series.append(Series(*runs[0].curve("train_loss"), color))
        series.append(Series(*runs[0].curve("val_loss"), color, mark, sparse=True))
        legend.append(Text(f"{mark} {visible(arm, 40)}", style))
    unit = _unit(histories)
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
        if any(curve.sparse and curve.y for curve in series)
        else "lines: training"
    )
    some = "" if len(histories) <= len(STYLES) else f"; the first {len(STYLES)} of {len(histories)} arms"
    seed = next(iter(histories.values()))[0].seed
    console.print(f"{what}; seed {seed}{some}", style="dim")


def _unit(histories: Histories) -> str:
    experiment = next(iter(histories.values()))[0].experiment
    return experiment.training.unit if experiment else "epoch"


def print_table(histories: Histories) -> None:
    """Print arms side by side: settings that differ, then results; arms become rows where they are many."""
    comparison = compare(histories)
    rows = [*comparison.settings, *comparison.results]
    arms = [visible(name, 40) for name in comparison.arms]
    console = Console(highlight=False)
    table = _table(["", *arms], [[name, *cells] for name, cells in rows], len(comparison.settings))
    if _width(table, console) > console.width and len(arms) > 2:
        turned = [[name, *(cells[index] for _, cells in rows)] for index, name in enumerate(arms)]
        table = _table(["arm", *(name for name, _ in rows)], turned, 0)
    if not console.is_terminal:  # nobody looks at a screen of a given width: cut nothing
        console = Console(highlight=False, width=max(80, _width(table, console)))
    console.print(table)


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], num_settings: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        table.add_column(Text(heading), justify="left" if index == 0 else "right")
    for index, row in enumerate(rows):
        table.add_row(*(Text(cell) for cell in row), end_section=index == num_settings - 1)
    return table
