"""A study without a screen: what is missing of it is run, then its claims are judged."""

import shlex
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial

from normlab.cli.headless import Form, How
from normlab.cli.output import output_failed
from normlab.cli.report import PipeConsole
from normlab.cli.signals import Caught, catching
from normlab.cli.study_expect import read_expected, unmet
from normlab.cli.study_extension import agrees_to_extend
from normlab.cli.study_live import StudyLive
from normlab.cli.study_pace import Pace
from normlab.cli.study_plan import (
    change_lines,
    history_line,
    left_line,
    size_line,
    time_line,
)
from normlab.cli.study_presenters import StudyJson, StudyPlain, StudyPresenter
from normlab.cli.study_size import seed_warnings
from normlab.core.garbage import collect_from_here
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.lab.one_change import refuse_confounded
from normlab.lab.presets import Preset
from normlab.scale.estimate import estimate
from normlab.scale.execute import execute
from normlab.scale.jobs import check_jobs
from normlab.store.planning import keep_study, plan_study
from normlab.store.slots import COUNTED, Slot, slots
from normlab.store.store import Store
from normlab.store.studies import KeptStudy, all_studies
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
    """The verdict that every claim must get, or those of each in their order; none where any will do."""
    yes: bool = False
    """Whether an extension goes on without a question."""


def run_study(preset: Preset, how: How, study_how: StudyHow, form: Form) -> int:
    """Run what is missing of a study, show it, and give the exit code: 0 whatever the verdicts.

    It is 1 where a run failed (one that diverged is a result) or is still to be made, where a verdict isn't
    the expected one, and where an extension isn't agreed to.

    Raises: ConfigError, DataError, StoreError, before anything trains.
    """
    if study_how.strict:
        refuse_confounded(preset)
    read_expected(study_how.expect, preset)
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
    origin = how.start and how.start.origin
    known, extended = _known(store, preset, device.type, origin)
    if extended is not None and not agrees_to_extend(extended, study_how.yes):
        return 1
    take_up = plan_study if store.is_read_only else partial(keep_study, store)
    study = take_up(preset, device.type, origin)
    found = list(slots(store, study))
    board = recall_board(study, store, found)
    pace = Pace(board, sum(slot.is_done for slot in found))
    presenter = _presenter(form, live, board, pace)
    _tell_plan(presenter, study, known, extended is not None, len(preset.seeds), store)
    if form == "full" and pace.num_made < board.num_runs:
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
            collect_from_here()
            for slot, event in events:
                caught.training = True
                board.fold(slot, event)
                presenter.follow_run(slot, event)
        caught.training = False
        _take_others(presenter, board, slots(store, study), store)
    return _end(presenter, board, read_expected(study_how.expect, preset), control)


def _working(what: str, live: bool) -> AbstractContextManager[object]:
    """Show on a terminal that something takes a while."""
    return PipeConsole(stderr=True).status(what) if live else nullcontext()


def _known(
    store: Store, preset: Preset, device: str, origin: str | None
) -> tuple[KeptStudy | None, KeptStudy | None]:
    """Give a study as it is kept, deleted or not, and as it would be were this to extend it."""
    if store.is_read_only:
        return None, None
    planned = plan_study(preset, device, origin, store)
    with store.read() as connection:
        known = next((study for study in all_studies(connection) if study.id == planned.id), None)
    return known, planned if known is not None and len(planned.looks) > len(known.looks) > 0 else None


def _presenter(form: Form, live: bool, board: Board, pace: Pace) -> StudyPresenter:
    """Choose the presenter: a live one needs a terminal on both streams."""
    if form == "full":
        return StudyLive(board, pace) if live else StudyPlain(board, pace)
    return StudyJson(board, pace) if form == "json" else StudyPresenter(board, pace)


def _tell_plan(
    presenter: StudyPresenter,
    study: KeptStudy,
    known: KeptStudy | None,
    is_extension: bool,
    asked: int,
    store: Store,
) -> None:
    if store.problem is not None:
        kept = "this run isn't kept: " if store.is_read_only else ""  # as each run itself will say
        presenter.tell(f"warning: {kept}{store.problem}")
    for warning in study.preset.warnings():
        presenter.tell(f"warning: {warning}")
    if not is_extension and known is not None:  # an extension has been told
        presenter.say(history_line(study, known, asked))
    presenter.say(size_line(study, presenter.pace.num_made))
    for line in change_lines(study.preset):
        presenter.say(line)
    for line in () if is_extension else seed_warnings(study.preset, len(study.looks)):
        presenter.say(f"warning: {line}")


def _take_others(presenter: StudyPresenter, board: Board, found: Iterable[Slot], store: Store) -> None:
    """Take in what was made elsewhere meanwhile, or for an arm that is the same, and what all ran with."""
    for slot in found:
        if slot.run is None:
            continue
        place = slot.cell.name, slot.seed
        if board.runs.get(place) != slot.run.id or (
            slot.has_ended and board.histories[place].outcome not in COUNTED
        ):
            board.take(slot, store)
            presenter.take_kept(slot, store)
        board.environments[slot.run.id] = slot.run.environment


def _end(presenter: StudyPresenter, board: Board, expect: Sequence[str], control: Control) -> int:
    interrupted = control.outcome is not None
    presenter.end("interrupted" if interrupted else "completed" if board.is_complete else "incomplete")
    if not board.is_complete:
        presenter.tell(left_line(board, visible(shlex.join(["normlab", *sys.argv[1:]]), 1000)))
        return 1
    if {"failed", "oom"} & board.outcomes().keys():
        return 1
    odd = list(unmet(expect, [verdict.verdict for verdict in board.verdicts]))
    for line in odd:
        presenter.tell(f"--expect: {line}")
    return int(bool(odd))
