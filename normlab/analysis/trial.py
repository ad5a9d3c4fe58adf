"""A run as far as statistics need it, and the value that a claim reads off it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from normlab.engine.events import FAILURES, Outcome, Point
from normlab.lab.metrics import better

At = Literal["best", "last"]


@dataclass(frozen=True)
class Failed:
    """A run without a value: it failed, or never reached the target. It ranks after every run with one."""

    budget: float | None = None
    """Epochs (steps) that it was given to reach the target; none where nothing was to be reached."""


Value = float | Failed


@dataclass(frozen=True)
class Trial:
    """One run, with all of its evaluations."""

    seed: int
    outcome: Outcome
    best: Point | None
    last: Point | None
    points: Sequence[Point]
    """Every evaluation, in order."""
    num_steps: int
    """Optimizer steps until the planned end."""
    num_epochs: int
    """Epochs until the planned end, a begun one counted whole."""
    seconds: float
    """Of training and evaluation, pauses left out."""
    samples_per_second: float | None = None
    """Speed of training; none where it wasn't measured."""
    num_classes: int = 0
    """0 where values are predicted, not classes."""
    num_val: int = 0
    """Validation samples; 0 where there are none, or it isn't known how many."""

    @property
    def is_complete(self) -> bool:
        """Whether it has come to its end, good or bad; one that was stopped or interrupted may go on."""
        return self.outcome not in ("stopped", "interrupted")

    @property
    def has_failed(self) -> bool:
        """Whether it diverged, ran out of memory or broke off."""
        return self.outcome in FAILURES

    def is_at_chance(self) -> bool:
        """Tell whether its last validation accuracy could come from guessing among equal classes.

        val_accuracy <= c + 1.645 sqrt(c (1 - c) / num_val), with c = 1 / num_classes: what guessing exceeds
        in one of twenty cases. The best of 30 epochs exceeds it in three of four.
        """
        accuracy = self.last.metrics.get("val_accuracy") if self.last else None
        if accuracy is None or not self.num_classes:
            return False
        chance = 1 / self.num_classes
        noise = 1.645 * math.sqrt(chance * (1 - chance) / self.num_val) if self.num_val else 0.0
        return accuracy <= chance + noise


def read(trial: Trial, metric: str, at: At = "best", target: tuple[str, float] | None = None) -> Value | None:
    """Read off a run what a claim compares; None where it wasn't measured.

    A run that diverged, ran out of memory or broke off has failed whatever it had measured before. Only
    "reached" and "diverged" make numbers of that: it hasn't reached; whether it would have diverged isn't
    known of one that ran out of memory or broke off, so it has no answer. One that never reaches its target
    has failed with the epochs (steps) until its last evaluation as budget: where it stopped early, it never
    would have.
    """
    match metric:
        case "diverged":
            # A run that is told to go on after a divergence completes, with a loss that is no number.
            loss = trial.last.metrics.get("train_loss", 0.0) if trial.last else 0.0
            gone = trial.outcome == "diverged" or not math.isfinite(loss)
            return None if trial.has_failed and not gone else float(gone)
        case "reached" | "epochs_to" | "steps_to":
            assert target is not None, f"{metric} has a target"
            return _read_target(trial, metric, *target)
        case "seconds" | "samples_per_second":
            return Failed() if trial.has_failed else getattr(trial, metric)
        case _:
            if trial.has_failed:
                return Failed()
            point = trial.best if at == "best" else trial.last
            known = any(metric in point.metrics for point in trial.points) or not trial.points
            if point is None:  # nothing finite was measured
                return Failed() if known else None
            value = point.metrics.get(metric)
            return value if value is None or math.isfinite(value) else Failed()


def _read_target(trial: Trial, metric: str, name: str, goal: float) -> Value | None:
    if not trial.has_failed and not any(name in point.metrics for point in trial.points):
        return None
    way = 1 if better(name) == "higher" else -1
    place = "step" if metric == "steps_to" else "epoch"
    found = next((p for p in trial.points if way * p.metrics.get(name, math.nan) >= way * goal), None)
    if trial.has_failed:
        found = None
    if metric == "reached":
        return float(found is not None)
    if found is None:
        return Failed(float(getattr(trial.points[-1], place)) if trial.points else 0.0)
    return float(getattr(found, place))
