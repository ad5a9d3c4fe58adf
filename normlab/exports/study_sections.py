"""What a report of a study tells, in its order: verdicts and caveats first, then how they came about."""

from collections.abc import Iterator
from datetime import UTC, datetime

from normlab.analysis.wording import sentences
from normlab.exports.study_blocks import (
    Block,
    Bullets,
    Finding,
    Fold,
    Paragraph,
    Report,
    Section,
    Span,
    Table,
    Text,
    plain,
    quiet,
)
from normlab.exports.study_drawings import drawings
from normlab.exports.study_effect import claimed, effect, figures, levelled
from normlab.exports.study_prose import prose
from normlab.exports.study_repeat import environment, repeat
from normlab.exports.study_seeds import named, runs, seeds
from normlab.exports.study_setup import setup
from normlab.views.board import Board
from normlab.views.durations import spent
from normlab.views.study_caveats import caveats, shared_caveats
from normlab.views.study_table import arm_rows, difference_rows

_MOST_ROWS = 24
"""Exploratory comparisons that stand open."""


def report(board: Board, draws: bool) -> Report:
    """Put a study's report together; its curves are drawn where `draws`, which takes matplotlib."""
    preset = board.preset
    told = [Section("The question", list(_question(board)))] if preset.about or preset.source else []
    sections = (
        Section("Verdicts", list(_verdicts(board))),
        Section("What to keep in mind", [Bullets([plain(each) for each in _caveats(board)])]),
        *told,
        Section("Set-up", list(setup(preset))),
        Section("What the runs came to", list(_results(board))),
        Section("Curves", list(drawings(board, draws))),
        Section("Every seed", list(seeds(board))),
        Section("Runs", list(runs(board))),
        Section("Environment", list(environment(board))),
        Section("To repeat it", list(repeat(board))),
    )
    return Report(preset.title, list(_facts(board)), [each for each in sections if each.blocks])


def _facts(board: Board) -> Iterator[str]:
    yield f"study {board.study.id}"
    arms = len(board.preset.experiments)
    places = f" × {points} places of its grid" if (points := len(board.cells) // arms) > 1 else ""
    yield f"{arms} arms{places} × {len(board.seeds)} seeds"
    missing = "" if board.is_complete else f", {board.num_ended:,} made"
    yield f"{board.num_runs:,} runs{missing}"
    if seconds := sum(history.seconds for history in board.histories.values()):
        yield f"{spent(seconds)} of training"
    yield datetime.fromtimestamp(board.study.created, UTC).strftime("%Y-%m-%d")


def _question(board: Board) -> Iterator[Block]:
    yield from prose(board.preset.about)
    if board.preset.source:
        yield Paragraph(quiet(f"Source: {board.preset.source}"))


def _caveats(board: Board) -> list[str]:
    return [*caveats(board), *shared_caveats(board.verdicts)]


def _verdicts(board: Board) -> Iterator[Block]:
    if not board.preset.claims:
        yield Paragraph(plain("The study makes no claim, so nothing is decided: see what its runs came to."))
    shared = shared_caveats(board.verdicts)
    for verdict in board.verdicts:
        told = sentences(verdict, board.preset.experiment.dataset.kind)
        own = [caveat for caveat in verdict.caveats if caveat not in shared]
        yield Finding(verdict, told, list(figures(verdict)), own)


def _results(board: Board) -> Iterator[Block]:
    rows = arm_rows(board)
    measured = [summary.measure.label for summary in rows[0].summaries]
    yield Table(
        [plain("mean ± 95 % interval"), plain("runs"), *map(plain, measured)],
        [
            [
                named(board, row.cell),
                _count(row.num_ended, row.num_failed),
                *(plain(summary.text) for summary in row.summaries),
            ]
            for row in rows
        ],
    )
    yield from _claimed_differences(board)
    if explored := difference_rows(board):
        yield Paragraph(
            plain(
                "Exploratory, against the baseline: nothing was claimed of these, and each interval is at "
                "95 % on its own. Of twenty comparisons without substance, one looks like a difference."
            )
        )
        heads = ("arm", "metric", "difference", "pairs", "better in")
        rows = [
            [
                named(board, row.cell),
                plain(row.measure.label),
                plain(row.text),
                plain(str(row.num_pairs)),
                plain(str(row.wins)),
            ]
            for row in explored
        ]
        table = Table([plain(head) for head in heads], rows, num_texts=2)
        yield table if len(rows) <= _MOST_ROWS else Fold(f"{len(rows):,} exploratory comparisons", [table])


def _claimed_differences(board: Board) -> Iterator[Block]:
    if board.verdicts:
        heads = ("claim", "arm", "claimed", "verdict", "effect", "interval", "p (Holm)", "pairs")
        yield Table(
            [plain(head) for head in heads],
            [
                [
                    plain(each.claim),
                    plain(f"{each.arm} against {each.against}"),
                    plain(claimed(each)),
                    plain(each.verdict),
                    plain(effect(each)),
                    plain(levelled(each)),
                    plain("–" if each.p_holm is None else f"{each.p_holm:.2g}"),
                    plain(str(each.num_pairs)),
                ]
                for each in board.verdicts
            ],
            num_texts=4,
        )


def _count(ended: int, failed: int) -> Text:
    return (Span(f"{ended}, "), Span(f"{failed} failed", "failure")) if failed else plain(str(ended))
