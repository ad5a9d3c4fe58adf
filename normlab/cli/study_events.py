"""What a study tells a script, beside the events of its runs and its verdicts."""

from typing import Literal

from pydantic import ConfigDict

from normlab.analysis.trial import Failed
from normlab.core.choice import Record
from normlab.engine.events import Number
from normlab.views.board import Board
from normlab.views.study_caveats import caveats
from normlab.views.study_table import ArmRow, Summary, arm_rows

StudyOutcome = Literal["completed", "incomplete", "interrupted"]
"""Whether all runs have come to an end, good or bad."""


class StudyPlanned(Record, frozen=True):
    """A study begins, or goes on: the first line."""

    event: Literal["study_planned"] = "study_planned"
    study: str
    """The study's id."""
    title: str
    arms: tuple[str, ...]
    """What its runs are called: the arms, with their places on the grid where there is one."""
    seeds: tuple[int, ...]
    num_runs: int
    num_done: int
    """Runs that are made, and aren't trained again, as failed ones are; their events are told first."""
    looks: tuple[int, ...]
    """Number of seeds at each look."""


class MeasureSummary(Record, frozen=True):
    """One measure over an arm's seeds."""

    model_config = ConfigDict(allow_inf_nan=True)

    mean: Number | None
    """None where a run failed, or there is none."""
    half_width: Number | None
    """Of the mean's 95 % t-interval."""
    median: Number | None
    """With failed runs as the worst."""
    num_failed: int
    """Runs without a value."""
    values: dict[int, Number | None]
    """By seed; none where the run failed, or never reached its target."""


class ArmSummary(Record, frozen=True):
    """What the runs of an arm come to."""

    arm: str
    num_ended: int
    num_failed: int
    """Runs that diverged, ran out of memory or broke off."""
    measures: dict[str, MeasureSummary]


class StudyFinished(Record, frozen=True):
    """A study has ended, or was interrupted: the last line."""

    event: Literal["study_finished"] = "study_finished"
    study: str
    outcome: StudyOutcome
    arms: tuple[ArmSummary, ...]
    caveats: tuple[str, ...]


def planned(board: Board, num_done: int) -> StudyPlanned:
    """Describe a study before it is run, of which so many runs are made."""
    return StudyPlanned(
        study=board.study.id,
        title=board.preset.title,
        arms=tuple(cell.name for cell in board.cells),
        seeds=tuple(board.seeds),
        num_runs=board.num_runs,
        num_done=num_done,
        looks=board.study.looks,
    )


def finished(board: Board, outcome: StudyOutcome) -> StudyFinished:
    """Describe what a study came to."""
    return StudyFinished(
        study=board.study.id,
        outcome=outcome,
        arms=tuple(map(arm_summary, arm_rows(board))),
        caveats=tuple(caveats(board)),
    )


def arm_summary(row: ArmRow) -> ArmSummary:
    """Write a table's row as plain data."""
    return ArmSummary(
        arm=row.name,
        num_ended=row.num_ended,
        num_failed=row.num_failed,
        measures={summary.measure.label: _measure(summary) for summary in row.summaries},
    )


def _measure(summary: Summary) -> MeasureSummary:
    return MeasureSummary(
        mean=summary.mean,
        half_width=summary.half_width,
        median=summary.median,
        num_failed=summary.num_failed,
        values={s: None if isinstance(v, Failed) else v for s, v in summary.values.items()},
    )
