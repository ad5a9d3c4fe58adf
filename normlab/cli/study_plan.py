"""What is told of a study before it starts: how large it is, how long it takes, and what each arm changes."""

from collections.abc import Iterator
from typing import get_args

from normlab.analysis.judge import ALPHA
from normlab.analysis.power import FEWEST, num_directed, seeds_at_least
from normlab.analysis.verdict import Word
from normlab.cli.durations import roughly
from normlab.cli.tables import shown
from normlab.core.errors import ConfigError, Problem
from normlab.core.parsing import nearest
from normlab.lab.one_change import Change, changes, refuse_confounded
from normlab.lab.presets import Preset
from normlab.lab.study import BASELINE
from normlab.scale.estimate import Estimate
from normlab.scale.jobs import max_jobs
from normlab.store.studies import KeptStudy

_MOST_ARMS = 20
_WORDS = ("refuted", *get_args(Word))
"""What --expect knows; "refuted" is met by every word that begins so."""


def refuse(preset: Preset, strict: bool, expect: str | None) -> None:
    """Refuse what can't be studied so.

    Raises: ConfigError for confounded arms where they are to be refused, and for an expectation that is none.
    """
    if strict:
        refuse_confounded(preset)
    if expect is None:
        return
    if expect not in _WORDS:
        raise ConfigError(Problem("--expect", "is no verdict", nearest(expect, _WORDS), expect))
    if not preset.claims:
        raise ConfigError(
            Problem("--expect", "needs a claim to be judged", "write [[claims]] into the preset")
        )


def size_line(study: KeptStudy, num_done: int) -> str:
    """Say how many runs a study has."""
    preset = study.preset
    arms, places = len(preset.experiments), len(preset.cells) // len(preset.experiments)
    parts = [_count(arms, "arm"), *([_count(places, "place") + " of the grid"] if places > 1 else [])]
    size = " x ".join([*parts, _count(len(preset.seeds), "seed")])
    made = f", {'all' if num_done == preset.num_runs else f'{num_done:,}'} of them made" if num_done else ""
    return f"study {study.id}: {size} = {_count(preset.num_runs, 'run')}{made}"


def time_line(expected: Estimate, jobs: int) -> str:
    """Say how long the runs that are missing take, and how long with all processors."""
    if expected.seconds is None:
        return "how long it takes can't be told"
    line = f"about {roughly(expected.seconds)} with {_count(jobs, 'process', 'processes')}"
    more = min(max_jobs(), expected.num_left)
    faster = expected.seconds_with(more) if more > jobs else None
    if faster is None or faster > 0.9 * expected.seconds:
        return line
    return f"{line}, {roughly(faster)} with --jobs {more}"


def change_lines(preset: Preset) -> Iterator[str]:
    """Say what each arm changes, where that is more than one thing, and what follows from it."""
    found = list(changes(preset))
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


def warning_lines(study: KeptStudy) -> Iterator[str]:
    """Say what keeps a study from supporting anything."""
    seeds, claims = study.looks[-1], study.preset.claims
    needed = seeds_at_least(claims, ALPHA / len(study.looks))
    if claims and seeds < needed:
        directed = num_directed(claims) if seeds >= FEWEST else len(claims)
        which = "" if directed == len(claims) else " of lower or higher"
        rule = f"are too few to support {_count(directed, 'claim')}{which}, whatever comes out"
        yield str(Problem("study.seeds", rule, f"ask for {needed}: --seeds {needed}", seeds))


def history_line(study: KeptStudy, known: KeptStudy | None, asked: int) -> str | None:
    """Say that a study goes on, or is extended; None for a new one."""
    if known is None:
        return None
    looks = study.looks
    if len(looks) > len(known.looks):
        return (
            f"extends study {study.id} from {looks[0]} to {looks[-1]} seeds, which is a second look: "
            "each is judged at half the level"
        )
    if asked < looks[-1]:
        return (
            f"goes on with study {study.id}, which has {looks[-1]} seeds, not {asked}: fewer change nothing"
        )
    return f"goes on with study {study.id}"


def is_met(expected: str, word: str) -> bool:
    """Tell whether a verdict is the expected one.

    >>> is_met("refuted", "refuted: reversed"), is_met("supported", "supported in direction")
    (True, False)
    """
    return word == expected or (expected == "refuted" and word.startswith("refuted:"))


def _count(number: int, thing: str, things: str | None = None) -> str:
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
