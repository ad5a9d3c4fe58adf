"""A study on stdout: what its arms came to, its curves, the verdicts, the differences, and the caveats."""

import sys
from collections.abc import Sequence
from functools import partial

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from normlab.analysis.verdict import Verdict
from normlab.analysis.wording import sentences
from normlab.cli.report import PipeConsole, print_fitting
from normlab.cli.study_curves import print_bands
from normlab.core.text import visible
from normlab.views.board import Board
from normlab.views.study_caveats import caveats
from normlab.views.study_table import ArmRow, DifferenceRow, Measure, arm_rows, difference_rows

_MOST_DIFFERENCES = 12
"""Rows of the table that nobody claimed anything about; the rest is in --json."""
_NAME_WIDTH = 34
"""Columns of a terminal that a name may take before it is folded."""
COLORS = {"supported": "green", "refuted": "red", "undecided": "yellow", "not": "yellow"}
"""By a verdict's first word."""


def print_study(board: Board, curves: bool = True) -> None:
    """Print a study as it stands; where runs are missing, nothing is decided."""
    print_head(board)
    print_arms(arm_rows(board))
    if curves:
        print_bands(board)
    print_verdicts(board.verdicts, board.preset.experiment.dataset.kind)
    print_differences(difference_rows(board), board.study.id)
    print_caveats(caveats(board))
    sys.stdout.flush()


def print_head(board: Board) -> None:
    """Name a study, and say how far it is."""
    ended = ", ".join(f"{count:,} {name}" for name, count in board.outcomes().most_common())
    of = f"{board.num_ended:,} of {board.num_runs:,} runs"
    line = f"study {board.study.id}: {visible(board.preset.title)}: {of}{f' ({ended})' if ended else ''}"
    console = PipeConsole(highlight=False)
    console.print(Text(line, "bold"), soft_wrap=not console.is_terminal)


def print_arms(rows: Sequence[ArmRow]) -> None:
    """Print what each arm came to, with one column for each measure; nothing before a run has ended."""
    if not any(row.num_ended for row in rows):
        return
    found = [summary.measure for summary in rows[0].summaries]
    print_fitting(partial(_arm_table, rows, found), [], range(len(found)))


def _arm_table(rows: Sequence[ArmRow], found: Sequence[Measure], places: Sequence[int]) -> Table:
    table = _new_table()
    table.add_column("runs", justify="right")
    any_failed = any(row.num_failed for row in rows)
    if any_failed:
        table.add_column("failed", justify="right")
    for place in places:
        table.add_column(Text(found[place].label), justify="right", no_wrap=True)
    for row in rows:
        failed = [str(row.num_failed)] * any_failed
        cells = [Text(row.summaries[place].text) for place in places]
        table.add_row(Text(visible(row.name, 200)), str(row.num_ended), *failed, *cells)
    return table


def _new_table() -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    terminal = PipeConsole().is_terminal
    table.add_column(max_width=_NAME_WIDTH if terminal else None, overflow="fold")
    return table


def print_verdicts(verdicts: Sequence[Verdict], data_name: str) -> None:
    """Print each claim with its verdict, in sentences."""
    console = PipeConsole(highlight=False)
    for verdict in verdicts:
        color = COLORS[verdict.verdict.partition(" ")[0].rstrip(":")]
        line = Text.assemble((verdict.verdict, f"bold {color}"), "  ", visible(verdict.claim, 400))
        console.print(line, soft_wrap=not console.is_terminal)
        for sentence in [sentences(verdict, data_name), *verdict.caveats]:
            _print_indented(console, visible(sentence, 2000))
        console.print()


def print_differences(rows: Sequence[DifferenceRow], study: str) -> None:
    """Print how arms differ from the baseline, marked as exploratory."""
    if not rows:
        return
    shown = rows[:_MOST_DIFFERENCES]
    table = _new_table()
    table.add_column("in")
    table.add_column(Text("difference [95 %]"), justify="right")
    table.add_column("better", justify="right")
    for row in shown:
        better = f"{row.wins}/{row.num_pairs}"
        table.add_row(Text(visible(row.cell.name, 200)), Text(row.measure.label), Text(row.text), better)
    more = (
        f"; {len(rows) - len(shown):,} more: normlab studies show {study} --json"
        if len(rows) > len(shown)
        else ""
    )
    console = PipeConsole(highlight=False)
    text = f"differences to the baseline, exploratory: each interval is at 95 % by itself{more}"
    console.print(text, style="dim", soft_wrap=not console.is_terminal)
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
        console.print(f"  {bullet}{text}", soft_wrap=True, markup=False)
