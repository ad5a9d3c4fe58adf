"""A study's plan, changed in one place: arms, seeds and claims. Knows no screen."""

from collections.abc import Sequence
from typing import Any

from normlab.core.errors import ConfigError, Problem
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.settings import change, differences, leaves, show_setting
from normlab.lab.study import Arm, Claim, Study

MAX_NAME = 60
"""Characters of a name that an arm is given."""


def add_arm(preset: Preset, experiment: Experiment) -> Preset:
    """Add an experiment as an arm, named after what it changes; its seed is the study's.

    Raises: ConfigError where it changes nothing, or is an arm already.
    """
    experiment = experiment.model_copy(update={"seed": preset.experiment.seed})
    for name, other in preset.experiments.items():
        if other == experiment:
            remedy = "change a setting in the form first"
            raise ConfigError(Problem("arm", f"is the same as {name}", remedy))
    settings = settings_between(preset.experiment, experiment)
    found = differences(preset.experiment, experiment)
    name = ", ".join(f"{each.path.split('.')[-1]} = {show_setting(each.after)}" for each in found)
    arm = Arm(name=_free(name, list(preset.experiments)), set=settings)
    return checked(preset.with_(arms=(*preset.arms, arm), study=preset.study or Study()))


def remove_arm(preset: Preset, name: str) -> Preset:
    """Take an arm away, and the claims about it."""
    arms = tuple(arm for arm in preset.arms if arm.name != name)
    claims = tuple(claim for claim in preset.claims if name not in (claim.arm, claim.against))
    return checked(preset.with_(arms=arms, claims=claims))


def rename_arm(preset: Preset, old: str, new: str) -> Preset:
    """Call an arm otherwise, in the claims about it too.

    Raises: ConfigError where the name is taken, or is none.
    """
    arms = [arm.model_dump() | ({"name": new} if arm.name == old else {}) for arm in preset.arms]
    claims = [
        claim.model_dump() | {side: new for side in ("arm", "against") if getattr(claim, side) == old}
        for claim in preset.claims
    ]
    return checked(preset.with_(arms=arms, claims=claims))


def with_seeds(preset: Preset, seeds: int) -> Preset:
    """Run each arm with so many seeds. Raises: ConfigError."""
    grid = preset.study.grid if preset.study else {}
    return checked(preset.with_(study={"seeds": seeds, "grid": grid}))


def with_claims(preset: Preset, claims: Sequence[Claim | dict[str, Any]]) -> Preset:
    """Have the runs decide other claims. Raises: ConfigError."""
    return checked(preset.with_(claims=tuple(claims), study=preset.study or Study()))


def checked(preset: Preset) -> Preset:
    """Give a preset whose parts fit each other.

    Raises: ConfigError with every problem found.
    """
    if found := list(preset.problems()):
        raise ConfigError(*found)
    _ = preset.cells
    return preset


def settings_between(before: Experiment, after: Experiment) -> dict[str, Any]:
    """Give the settings that make one experiment of another, by dotted path.

    >>> settings_between(Experiment(), change(Experiment(), {"model.norm.kind": "layer"}))
    {'model.norm.kind': 'layer'}
    """
    known, wanted = dict(leaves(before)), dict(leaves(after))
    differing = {path: _plain(value) for path, value in wanted.items() if known.get(path, ...) != value}
    if not _makes(differing, before, after):
        raise ConfigError(
            Problem("arm", "can't be told from the baseline by its settings", "load its preset")
        )
    for path in [path for path in differing if not path.endswith(".kind")]:
        # What a new kind brings along at its defaults goes unsaid.
        fewer = {other: value for other, value in differing.items() if other != path}
        if _makes(fewer, before, after):
            differing = fewer
    return differing


def _makes(settings: dict[str, Any], before: Experiment, after: Experiment) -> bool:
    try:
        return change(before, settings) == after
    except ConfigError:
        return False


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _free(name: str, taken: Sequence[str]) -> str:
    """Cut a name to its length, with a number behind where it is taken."""
    short = name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
    numbered = (f"{short} ({number})" for number in range(2, len(taken) + 3))
    return short if short not in taken else next(each for each in numbered if each not in taken)
