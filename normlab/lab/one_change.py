"""One change at a time: what an arm differs in from what it is compared with, and what follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from normlab.core.errors import ConfigError, NormlabError, Problem
from normlab.lab.checks import check
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.settings import Difference, differences
from normlab.lab.study import BASELINE
from normlab.lab.summary import summarize


@dataclass(frozen=True)
class Change:
    """What an arm differs in from another one."""

    arm: str
    against: str
    settings: tuple[Difference, ...]
    """Chosen: the arm's own."""
    consequences: tuple[str, ...]
    """Not chosen: what follows from them."""

    @property
    def is_confounded(self) -> bool:
        """Whether a difference in the results could be due to either of several settings."""
        return len(self.settings) > 1


def changes(preset: Preset) -> Iterator[Change]:
    """Yield what each arm changes of the baseline, and of the other arms that claims compare it with."""
    pairs = [(arm.name, BASELINE) for arm in preset.arms]
    pairs += [(claim.arm, claim.against) for claim in preset.claims]
    for arm, against in dict.fromkeys(pairs):
        own, other = preset.experiments[arm], preset.experiments[against]
        yield Change(arm, against, tuple(differences(other, own)), tuple(_consequences(other, own)))


def refuse_confounded(preset: Preset) -> None:
    """Refuse arms that change several settings of everything they are compared with.

    Raises: ConfigError naming each.
    """
    found: dict[str, list[Change]] = {}
    for change in changes(preset):
        found.setdefault(change.arm, []).append(change)
    claimed = {(claim.arm, claim.against) for claim in preset.claims}
    problems: list[Problem] = []
    for arm, others in found.items():
        # An arm is judged by its claims; one without any is compared with the baseline.
        judged = [change for change in others if (arm, change.against) in claimed] or others
        for change in judged:
            if change.is_confounded:
                paths = ", ".join(difference.path for difference in change.settings)
                rule = f"changes {len(change.settings)} settings of {change.against}: {paths}"
                problems.append(
                    Problem(
                        "arm", rule, "change one, or leave --strict out, and it is marked confounded", arm
                    )
                )
    if problems:
        raise ConfigError(*problems)


def _consequences(other: Experiment, own: Experiment) -> Iterator[str]:
    before, after = _num_parameters(other), _num_parameters(own)
    if None not in (before, after) and before != after:
        yield f"parameters: {before:,} → {after:,}"
    known = _warnings(other)
    yield from (warning for warning in _warnings(own) if warning not in known)


@cache
def _num_parameters(experiment: Experiment) -> int | None:
    try:
        return summarize(experiment).num_parameters
    except NormlabError:
        return None


@cache
def _warnings(experiment: Experiment) -> tuple[str, ...]:
    try:
        return tuple(str(problem) for problem in check(experiment))
    except NormlabError:
        return ()
