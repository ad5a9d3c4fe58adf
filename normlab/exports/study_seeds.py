"""A report's tables of single runs: every seed's value of what the claims compare, and how each run ended."""

from collections.abc import Iterator, Mapping

from normlab.analysis.trial import Failed, Trial
from normlab.exports.study_blocks import Block, Fold, Paragraph, Span, Table, Text, code, plain, quiet
from normlab.lab.study import Cell
from normlab.views.board import Board
from normlab.views.comparison_cells import ABSENT
from normlab.views.durations import spent
from normlab.views.study_table import Measure, measure_of, measures, show

WORDS = {"diverged": "diverged", "oom": "out of memory", "failed": "failed"}
"""For what became of a run that failed."""


def seeds(board: Board) -> Iterator[Block]:
    """Give a table for each measure that claims compare, or for the first usual one where none does."""
    trials = board.trials
    claimed = list(dict.fromkeys(map(measure_of, board.preset.claims)))
    for measure in claimed or measures(board)[:1]:
        yield Paragraph((Span(measure.label, "strong"),))
        yield _table(board, measure, trials)


def _table(board: Board, measure: Measure, trials: Mapping[str, Mapping[int, Trial]]) -> Table:
    """Lay the longer of seeds and cells down the table."""

    def value(cell: Cell, seed: int) -> Text:
        return _value(measure, trials[cell.name].get(seed))

    if len(board.cells) > len(board.seeds):
        rows = [[named(board, cell), *(value(cell, seed) for seed in board.seeds)] for cell in board.cells]
        return Table([plain("seed"), *(plain(str(seed)) for seed in board.seeds)], rows)
    rows = [[plain(str(seed)), *(value(cell, seed) for cell in board.cells)] for seed in board.seeds]
    return Table([plain("seed"), *(named(board, cell) for cell in board.cells)], rows)


def _value(measure: Measure, trial: Trial | None) -> Text:
    value = None if trial is None else measure.of(trial)
    if trial is None or value is None:
        return quiet(ABSENT)
    if isinstance(value, Failed):
        word = WORDS.get(trial.outcome, "not reached" if measure.target else "not finite")
        return (Span(word, "failure"),)
    return plain(f"{value:g}" if measure.metric in ("reached", "diverged") else show(value, measure))


def runs(board: Board) -> Iterator[Block]:
    """Count how the runs ended, and list them with their ids."""
    counted = [f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in board.outcomes().items()]
    if others := board.num_runs - board.num_ended:
        counted.append(f"{others:,} still to be made")
    yield Paragraph(plain(f"{', '.join(counted)}. None is left out."))
    rows = [
        _run(board, cell, seed)
        for cell in board.cells
        for seed in board.seeds
        if (cell.name, seed) in board.histories
    ]
    if rows:
        heads = [plain(head) for head in ("arm", "seed", "run", "outcome", "took", "parameters")]
        yield Fold(f"All {len(rows):,} runs", [Table(heads, rows, num_texts=len(heads))])


def _run(board: Board, cell: Cell, seed: int) -> list[Text]:
    history = board.histories[cell.name, seed]
    outcome = (history.outcome or "under way").replace("_", " ")
    reason = quiet(f" {history.reason}") if history.reason else ()
    return [
        named(board, cell),
        plain(str(seed)),
        code(board.runs.get((cell.name, seed), ABSENT)),
        (Span(outcome, "failure" if history.outcome in WORDS else "plain"), *reason),
        plain(spent(history.seconds)),
        plain(f"{history.num_parameters:,}"),
    ]


def named(board: Board, cell: Cell) -> Text:
    """Name a cell, with its arm's sign in the curves."""
    return (Span(str(list(board.preset.experiments).index(cell.arm)), "mark"), Span(cell.name))
