"""Which kept runs can go on: to their end, or to another one."""

from typing import Literal

from normlab.core.errors import ConfigError, Problem
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.store.kept import KeptRun

STATE = "state.safetensors"
"""The file of a run's folder that it goes on from."""
ENDED = ("completed", "early_stopped")
"""Outcomes of a run that has come to its end: it can only be extended."""

Hindrance = Literal["is under way", "has reached its end", "has diverged", "has no state to go on from"]
"""Why a run can't go on, as the end of a sentence about it; the remedy differs from face to face."""


def has_state(run: KeptRun) -> bool:
    """Tell whether something was saved to go on from; a run without it begins anew when it is resumed."""
    return (run.folder / STATE).is_file()


def why_not_resumed(run: KeptRun) -> Hindrance | None:
    """Say why a run can't go on to its end; None where it can."""
    if run.outcome is None:
        return "is under way"
    if run.outcome in ENDED:
        return "has reached its end"
    return "has diverged" if run.outcome == "diverged" else None


def why_not_extended(run: KeptRun) -> Hindrance | None:
    """Say why a run can't be given another length; None where it can."""
    if (why := why_not_resumed(run)) not in (None, "has reached its end"):
        return why
    return None if has_state(run) else "has no state to go on from"


def lengthened(run: KeptRun, length: int) -> Experiment:
    """Give a run's experiment with another length: epochs in all, or steps where it counts steps.

    It may be a shorter one than was planned, but beyond what the run has trained.

    Raises: ConfigError.
    """
    unit = run.experiment.training.unit
    done = run.epoch if unit == "epoch" else run.step
    if length <= done:
        rule = f"is not more than the {done:,} that run {run.id} has trained"
        raise ConfigError(Problem(f"training.{unit}s", rule, "give more", length))
    return change(run.experiment, {f"training.{unit}s": length})
