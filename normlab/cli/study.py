"""A study without a screen: what is missing of it is run, then its claims are judged."""

import shlex
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

from normlab.cli.headless import Form, How
from normlab.cli.output import output_failed
from normlab.cli.report import PipeConsole
from normlab.cli.signals import Caught, catching
from normlab.cli.study_live import StudyLive
from normlab.cli.study_pace import Pace
from normlab.cli.study_plan import (
    change_lines,
    history_line,
    is_met,
    refuse,
    size_line,
    time_line,
    warning_lines,
)
from normlab.cli.study_presenters import StudyJson, StudyPlain, StudyPresenter
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.lab.presets import Preset
from normlab.scale.estimate import estimate
from normlab.scale.execute import execute
from normlab.scale.jobs import check_jobs
from normlab.store.planning import keep_study, plan_study
from normlab.store.slots import Slot, slots
from normlab.store.store import Store
from normlab.store.studies import KeptStudy, find_studies
from normlab.store.sweep import open_swept
from normlab.views.board import Board, recall_board


@dataclass(frozen=True)
class StudyHow:
    """How a study is run, beside how each of its runs is."""

    jobs: int = 1
    """Runs that are trained at the same time."""
    strict: bool = False
    """Whether arms that change several settings are refused."""
    expect: str | None = None
    """The verdict that every claim must get; none where any will do."""


def run_study(preset: Preset, how: How, study_how: StudyHow, form: Form) -> int:
    """Run what is missing of a study, show it, and give the exit code: 0 whatever the verdicts.

    It is 1 where a run failed (one that diverged is a result), or a verdict isn't the expected one.

    Raises: ConfigError, DataError, StoreError, before anything trains.
    """
    refuse(preset, study_how.strict, study_how.expect)
    check_jobs(study_how.jobs)
    store, control = open_swept(), Control()
    with catching(control) as caught:
        try:
            code = _run(preset, how, study_how, form, store, control, caught)
            sys.stdout.flush()
        except OSError as error:
            code = output_failed(error)  # what was trained is saved by now
    return code if caught.number is None else 128 + caught.number


def _run(
    preset: Preset,
    how: How,
    study_how: StudyHow,
    form: Form,
    store: Store,
    control: Control,
    caught: Caught,
) -> int:
    live = form == "full" and sys.stdout.isatty() and sys.stderr.isatty()
    with _working("loading PyTorch", live):
        device = pick_device(how.device)
        weights = how.start and how.start.read()
    study, known = _take_up(store, preset, device.type, how.start and how.start.origin)
    found = list(slots(store, study))
    board = recall_board(study, store, found)
    pace = Pace(board)
    presenter = _presenter(form, live, board, pace)
    _tell_plan(presenter, study, known, len(preset.seeds), store)
    if form == "full" and not board.is_complete:
        with _working("trying how long a run takes", live):
            expected = estimate(found, str(device), study_how.jobs)
        pace.estimate = expected.seconds
        presenter.say(time_line(expected, study_how.jobs))
    with presenter:
        presenter.begin()
        for slot in found:
            presenter.take_kept(slot, store)
        events = execute(
            found,
            store,
            device=str(device),
            jobs=study_how.jobs,
            control=control,
            weights=weights,
            checkpoint_every=how.checkpoint_every,
            time_limit_seconds=how.time_limit_seconds,
        )
        with closing(events):
            for slot, event in events:
                caught.training = True
                board.fold(slot, event)
                presenter.follow_run(slot, event)
        caught.training = False
        _take_others(presenter, board, slots(store, study), store)
    return _end(presenter, board, study_how.expect, control)


def _working(what: str, live: bool) -> AbstractContextManager[object]:
    """Show on a terminal that something takes a while."""
    return PipeConsole(stderr=True).status(what) if live else nullcontext()


def _take_up(
    store: Store, preset: Preset, device: str, origin: str | None
) -> tuple[KeptStudy, KeptStudy | None]:
    """Keep the study, and give it as it was before too, where it was known."""
    if store.is_read_only:
        return plan_study(preset, device, origin), None
    known = {study.id: study for study in find_studies(store)}
    study = keep_study(store, preset, device, origin)
    return study, known.get(study.id)


def _presenter(form: Form, live: bool, board: Board, pace: Pace) -> StudyPresenter:
    """Choose the presenter: a live one needs a terminal on both streams."""
    if form == "full":
        return StudyLive(board, pace) if live else StudyPlain(board, pace)
    return StudyJson(board, pace) if form == "json" else StudyPresenter(board, pace)


def _tell_plan(
    presenter: StudyPresenter, study: KeptStudy, known: KeptStudy | None, asked: int, store: Store
) -> None:
    if store.problem is not None:
        kept = "this run isn't kept: " if store.is_read_only else ""  # as each run itself will say
        presenter.tell(f"warning: {kept}{store.problem}")
    for warning in study.preset.warnings():
        presenter.tell(f"warning: {warning}")
    if line := history_line(study, known, asked):
        presenter.say(line)
    presenter.say(size_line(study, presenter.board.num_ended))
    for line in change_lines(study.preset):
        presenter.say(line)
    for line in warning_lines(study):
        presenter.say(f"warning: {line}")


def _take_others(presenter: StudyPresenter, board: Board, found: Iterable[Slot], store: Store) -> None:
    """Take in what was made elsewhere meanwhile, or for an arm that is the same, and what all ran with."""
    for slot in found:
        if slot.run is None:
            continue
        if board.runs.get((slot.cell.name, slot.seed)) != slot.run.id:
            board.take(slot, store)
            presenter.take_kept(slot, store)
        board.environments[slot.run.id] = slot.run.environment


def _end(presenter: StudyPresenter, board: Board, expect: str | None, control: Control) -> int:
    interrupted = control.outcome is not None
    presenter.end("interrupted" if interrupted else "completed" if board.is_complete else "incomplete")
    if left := board.num_runs - board.num_ended:
        command = visible(shlex.join(["normlab", *sys.argv[1:]]), 1000)
        presenter.tell(f"{left:,} of {board.num_runs:,} runs are still to be made; go on with: {command}")
    if {"failed", "oom"} & board.outcomes().keys():
        return 1
    odd = [v.verdict for v in board.verdicts if expect is not None and not is_met(expect, v.verdict)]
    if odd:
        of = f"{len(odd)} of {len(board.verdicts)} claims"
        presenter.tell(f"--expect {expect}: {of} came out otherwise: {', '.join(dict.fromkeys(odd))}")
    return int(bool(odd))
