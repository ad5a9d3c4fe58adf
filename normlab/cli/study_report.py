"""A study on stdout: curves, what its arms came to, differences, and last the verdicts and caveats."""

import sys
from collections.abc import Sequence
from functools import partial

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from normlab.analysis.wording import sentences
from normlab.cli.report import PipeConsole, print_fitting
from normlab.cli.study_curves import print_bands
from normlab.core.text import visible
from normlab.lab.study import Cell
from normlab.views.board import Board
from normlab.views.study_caveats import caveats, shared_caveats
from normlab.views.study_names import Names, short_names
from normlab.views.study_table import ArmRow, Measure, arm_rows, difference_rows, table_notes

_MOST_DIFFERENCES = 12
"""Rows of the table that nobody claimed anything about; the rest is in --json."""
_NAME_WIDTH = 34
"""Columns that a name has on any terminal; on a wide one it has half of them."""
_ENDLESS = 10_000
_GAPS = 12
"""Columns between those of the differences' table."""
COLORS = {"supported": "green", "refuted": "red", "undecided": "yellow", "not": "yellow"}
"""By a verdict's first word."""


def print_study(board: Board) -> None:
    """Print a study as it stands, what was asked for last; where runs are missing, nothing is decided."""
    print_head(board)
    print_bands(board)
    print_arms(board)
    print_differences(board)
    print_verdicts(board)
    print_caveats(list(dict.fromkeys([*shared_caveats(board.verdicts), *caveats(board)])))
    sys.stdout.flush()


def print_results(board: Board) -> None:
    """Print a study's table and its verdicts alone."""
    print_head(board)
    print_arms(board)
    print_verdicts(board)
    print_caveats(shared_caveats(board.verdicts))
    sys.stdout.flush()


def print_head(board: Board) -> None:
    """Name a study, and say how far it is."""
    ended = ", ".join(f"{count:,} {name}" for name, count in board.outcomes().most_common())
    of = f"{board.num_ended:,} of {board.num_runs:,} runs"
    line = f"study {board.study.id}: {visible(board.preset.title)}: {of}{f' ({ended})' if ended else ''}"
    console = PipeConsole(highlight=False)
    console.print(Text(line, "bold"), soft_wrap=not console.is_terminal)


def print_arms(board: Board) -> None:
    """Print what each arm came to, with one column for each measure; nothing before a run has ended."""
    rows = arm_rows(board)
    if not any(row.num_ended for row in rows):
        return
    found, names = [summary.measure for summary in rows[0].summaries], _names(board.cells)
    print_fitting(partial(_arm_table, rows, names, found), [], range(len(found)))
    if notes := table_notes(board, rows):
        _print_note("; ".join(notes))


def _names(cells: Sequence[Cell]) -> Names:
    """Give the names of cells that leave room for numbers beside them; a file has room for all."""
    console = PipeConsole()
    return short_names(cells, max(_NAME_WIDTH, console.width // 2) if console.is_terminal else _ENDLESS)


def _print_note(text: str) -> None:
    console = PipeConsole(highlight=False)
    console.print(Text(text, "dim"), soft_wrap=not console.is_terminal)


def _arm_table(
    rows: Sequence[ArmRow], names: Names, found: Sequence[Measure], places: Sequence[int]
) -> Table:
    table = _new_table(names)
    table.add_column("runs", justify="right")
    any_failed = any(row.num_failed for row in rows)
    if any_failed:
        table.add_column("failed", justify="right")
    for place in places:
        table.add_column(Text(found[place].label), justify="right", no_wrap=True)
    for row in rows:
        failed = [str(row.num_failed)] * any_failed
        cells = [Text(row.summaries[place].text) for place in places]
        table.add_row(Text(names.of[row.name]), str(row.num_ended), *failed, *cells)
    return table


def _new_table(names: Names) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(Text(names.heading), overflow="fold")
    return table


def print_verdicts(board: Board) -> None:
    """Print each claim with its verdict, in sentences; caveats that several have are told below them all."""
    console = PipeConsole(highlight=False)
    verdicts, data_name = board.verdicts, board.preset.experiment.dataset.kind
    shared = shared_caveats(verdicts)
    for verdict in verdicts:
        color = COLORS[verdict.verdict.partition(" ")[0].rstrip(":")]
        line = Text.assemble((verdict.verdict, f"bold {color}"), "  ", visible(verdict.claim, 400))
        console.print(line, soft_wrap=not console.is_terminal)
        own = [caveat for caveat in verdict.caveats if caveat not in shared]
        for sentence in [sentences(verdict, data_name), *own]:
            _print_indented(console, visible(sentence, 2000))
        console.print()


def print_differences(board: Board) -> None:
    """Print how arms differ from the baseline in what no claim is about, marked as exploratory."""
    rows = difference_rows(board)
    if not rows:
        return
    shown, console = rows[:_MOST_DIFFERENCES], PipeConsole()
    beside = max(len(row.measure.label) + len(row.text) for row in shown) + len("better") + _GAPS
    names = short_names(board.cells, console.width - beside if console.is_terminal else _ENDLESS)
    table = _new_table(names)
    table.add_column("in")
    table.add_column(Text("difference [95 %]"), justify="right", no_wrap=True)
    table.add_column("better", justify="right")
    for row in shown:
        better = f"{row.wins}/{row.num_pairs}"
        table.add_row(Text(names.of[row.cell.name]), Text(row.measure.label), Text(row.text), better)
    more = len(rows) - len(shown)
    command = f"; {more:,} more: normlab studies show {board.study.id} --json" if more else ""
    _print_note(f"exploratory, against the baseline: nothing was claimed of these{command}")
    print_fitting(lambda _: table, [], [])


def print_caveats(sentences: Sequence[str]) -> None:
    """Print what keeps a reader from believing too much."""
    console = PipeConsole(highlight=False)
    if sentences:
        console.print(Text("caveats", "bold"))
    for sentence in sentences:
        _print_indented(console, visible(sentence, 2000), "- ")


def _print_indented(console: PipeConsole, text: str, bullet: str = "") -> None:
    if console.is_terminal:
        grid = Table.grid()
        grid.add_row(bullet, Text(text))
        console.print(Padding(grid, (0, 0, 0, 2)))
    else:
        console.print(Text(f"  {bullet}{text}"), soft_wrap=True)
