"""What is told of a study before it starts: how large it is, how long it takes, and what each arm changes."""

from collections.abc import Iterator

from normlab.cli.durations import roughly
from normlab.cli.study_size import count, size_of
from normlab.cli.tables import shown
from normlab.lab.one_change import Change, changes
from normlab.lab.presets import Preset
from normlab.lab.settings import leaves
from normlab.lab.study import BASELINE, paths_of, point_label
from normlab.scale.estimate import Estimate
from normlab.scale.jobs import max_jobs
from normlab.store.studies import KeptStudy
from normlab.views.board import Board

_MOST_ARMS = 20
_OF_BASELINE = (
    "dataset.kind", "model.kind", "model.norm.kind", "model.dropout.kind", "optimizer.kind", "optimizer.lr",
    "schedule.kind", "training.batch_size",
)  # fmt: skip
"""Settings that say what a baseline is."""


def size_line(study: KeptStudy, num_made: int) -> str:
    """Say how many runs a study has."""
    num_runs = study.preset.num_runs
    made = f", {'all' if num_made == num_runs else f'{num_made:,}'} of them made" if num_made else ""
    return f"study {study.id}: {size_of(study.preset)}{made}"


def time_line(expected: Estimate, jobs: int) -> str:
    """Say how long the runs that are missing take, and how long with all processors."""
    if expected.seconds is None:
        return "how long it takes can't be told"
    line = f"about {roughly(expected.seconds)} with {count(jobs, 'process', 'processes')}"
    more = min(max_jobs(), expected.num_left)
    faster = expected.seconds_with(more) if more > jobs else None
    if faster is None or faster > 0.9 * expected.seconds:
        return line
    return f"{line}, {roughly(faster)} with --jobs {more}"


def change_lines(preset: Preset) -> Iterator[str]:
    """Say what the baseline is, what each arm changes, and what follows from it."""
    found, known = list(changes(preset)), dict(leaves(preset.experiment))
    varied = [path for key in (preset.study.grid if preset.study else ()) for path in paths_of(key)]
    own = {path: known[path] for path in _OF_BASELINE if path in known and path not in varied}
    yield f"  {BASELINE}: {shown(point_label(own), 400)}"
    for change in found[:_MOST_ARMS]:
        yield _change_line(change)
        yield from (f"    follows: {shown(consequence, 400)}" for consequence in change.consequences)
    if len(found) > _MOST_ARMS:
        yield f"  and {len(found) - _MOST_ARMS:,} more"


def _change_line(change: Change) -> str:
    against = "" if change.against == BASELINE else f" against {shown(change.against)}"
    settings = ", ".join(str(each) for each in change.settings) or "changes nothing"
    confounded = f" (confounded: {len(change.settings)} changes)" if change.is_confounded else ""
    return f"  {shown(change.arm)}{against}: {shown(settings, 400)}{confounded}"


def history_line(study: KeptStudy, known: KeptStudy, asked: int) -> str:
    """Say that a study goes on."""
    back = ", which was deleted and is back" if known.deleted else ""
    if asked < study.looks[-1]:
        has = f"it has {study.looks[-1]} seeds, not {asked}: fewer change nothing"
        return f"goes on with study {study.id}{back}; {has}"
    return f"goes on with study {study.id}{back}"


def left_line(board: Board, command: str) -> str:
    """Say which runs are still to be made, and how."""
    outcomes = [history.outcome for history in board.histories.values()]
    why = {"stopped by --time-limit": outcomes.count("stopped"), "under way elsewhere": outcomes.count(None)}
    told = ", ".join(f"{count:,} {reason}" for reason, count in why.items() if count)
    left = f"{board.num_runs - board.num_ended:,} of {count(board.num_runs, 'run')} are still to be made"
    return f"{left}{f' ({told})' if told else ''}; go on with: {command}"
