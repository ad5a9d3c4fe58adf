"""What keeps a reader from believing too much of a study."""

from collections import Counter
from collections.abc import Iterator, Sequence

from normlab.analysis.judge import ALPHA
from normlab.analysis.power import FEWEST, num_directed, seeds_at_least
from normlab.analysis.verdict import Verdict
from normlab.core.text import visible
from normlab.engine.events import FAILURES
from normlab.lab.one_change import changes
from normlab.views.board import Board
from normlab.views.study_table import measure_of

_MOST_NAMES = 5


def caveats(board: Board) -> list[str]:
    """Say in sentences what a study's results depend on, the gravest first; names in them are harmless."""
    return list(
        dict.fromkeys(
            sentence
            for part in (
                _missing,
                _failures,
                _retried,
                _too_few,
                _looks,
                _others,
                _confounded,
                _environments,
                _chosen_epoch,
                _losses,
                _consequences,
                _set_up,
            )
            for sentence in part(board)
        )
    )


def shared_caveats(verdicts: Sequence[Verdict]) -> list[str]:
    """Give the caveats that several verdicts have, each once: so they need not be told under each claim."""
    counts = Counter(caveat for verdict in verdicts for caveat in dict.fromkeys(verdict.caveats))
    return [caveat for caveat, count in counts.items() if count > 1]


def _missing(board: Board) -> Iterator[str]:
    if missing := board.num_runs - board.num_ended:
        yield f"{missing:,} of {board.num_runs:,} runs are still to be made, so nothing is decided yet."


def _failures(board: Board) -> Iterator[str]:
    for outcome, said in (("diverged", "diverged"), ("oom", "ran out of memory"), ("failed", "failed")):
        where = Counter(cell for (cell, _), history in board.histories.items() if history.outcome == outcome)
        if where:
            names = [f"{visible(cell)}: {_count(count, 'run')}" for cell, count in where.items()]
            counted = "it counts" if where.total() == 1 else "they count"
            yield (
                f"{where.total():,} of {board.num_runs:,} runs {said} ({_listed(names, '; ')}); {counted} as "
                "worse than any other."
            )


def _retried(board: Board) -> Iterator[str]:
    if count := sum(map(bool, board.retried.values())):
        made = "run was" if count == 1 else "runs were"
        yield f"{count:,} {made} made again after an attempt that failed."


def _too_few(board: Board) -> Iterator[str]:
    claims, seeds = board.preset.claims, len(board.seeds)
    needed = seeds_at_least(claims, ALPHA / len(board.study.looks))
    if claims and seeds < FEWEST:
        yield f"{_count(seeds, 'seed')}: with fewer than {FEWEST} no claim can be decided."
    elif claims and seeds < needed:
        directed = num_directed(claims)
        which = "" if directed == len(claims) else " of lower or higher"
        none = f"none of {_count(directed, 'claim')}{which} can be supported"
        yield f"{seeds} seeds: with fewer than {needed} {none}."


def _looks(board: Board) -> Iterator[str]:
    looks = board.study.looks
    if len(looks) > 1:
        level = 100 * ALPHA / len(looks)
        yield (
            f"It was extended from {looks[0]} to {looks[-1]} seeds, and each look is judged at {level:g} %: "
            f"both together err in no more than {100 * ALPHA:g} % of studies where that was planned, else in "
            f"up to {150 * ALPHA:g} %, as the first look had the whole level."
        )


def _others(board: Board) -> Iterator[str]:
    if others := board.study.others:
        which = "study" if len(others) == 1 else "studies"
        yield (
            f"A claim of it was put to the test in {which} {_listed(list(others))} too: of many tries one "
            "succeeds by chance, so all of them belong into a report."
        )


def _confounded(board: Board) -> Iterator[str]:
    for change in changes(board.preset):
        if change.is_confounded:
            paths = _listed([difference.path for difference in change.settings])
            yield (
                f"{visible(change.arm)} is confounded: it changes {len(change.settings)} settings of "
                f"{visible(change.against)} ({paths}), and which of them makes the difference can't be told."
            )


def _environments(board: Board) -> Iterator[str]:
    runs = set(board.runs.values())
    found = [environment for run, environment in board.environments.items() if run in runs]
    names = dict.fromkeys(name for environment in found for name in environment)
    for name in names:
        values = dict.fromkeys(environment.get(name, "unknown") for environment in found)
        if len(values) > 1:
            told = _listed([visible(value, 40) for value in values])
            yield f"Its runs were made with more than one {visible(name, 20)}: {told}."


def _chosen_epoch(board: Board) -> Iterator[str]:
    if not board.preset.claims:
        return
    metrics = [m.metric for c in board.preset.claims if (m := measure_of(c)).at == "best"]
    if any(metric.startswith("val_") for metric in metrics):
        yield (
            "The best epoch is chosen on the same validation data that it is measured with: its values are "
            "somewhat too good, for every arm alike."
        )


def _losses(board: Board) -> Iterator[str]:
    if len({cell.experiment.loss for cell in board.cells}) > 1:
        yield (
            "The arms have different losses: where these are compared, it is not one and the same quantity, "
            "and the best epoch is chosen by it unless best_metric says otherwise."
        )


def _consequences(board: Board) -> Iterator[str]:
    for change in changes(board.preset):
        for consequence in change.consequences:
            if consequence.startswith("parameters"):
                what = visible(consequence, 200)
                yield f"{visible(change.arm)} also differs from {visible(change.against)} in size: {what}."


def _set_up(board: Board) -> Iterator[str]:
    outcomes = board.outcomes()
    if outcomes and any(outcome not in FAILURES for outcome in outcomes):
        data = board.preset.experiment.dataset.kind
        yield f"All of it is for this set-up: the data set {visible(data)}, this model, these settings."


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _listed(names: list[str], between: str = ", ") -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return between.join(names[:_MOST_NAMES]) + more
