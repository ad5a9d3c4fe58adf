"""On what scale two values of a metric are compared, and which way is worse."""

from math import exp, inf, log, log1p

from normlab.analysis.verdict import Scale
from normlab.lab.metrics import Direction

SMALLEST = 1e-7
"""A loss below it counts as this: float32 can't tell it from 0, and 0 has no ratio."""

_DIFFERENCES = ("_accuracy", "_ece", "reached", "diverged")
_HIGHER = ("_accuracy", "samples_per_second", "reached")


def scale_of(metric: str) -> Scale:
    """Tell whether values are compared as a ratio or as a difference.

    Losses, errors and times are positive and skewed to the right, and a change acts on them as a factor:
    their logarithms are compared. Shares (accuracies, calibration error, runs that reached) can be 0.

    >>> scale_of("val_loss"), scale_of("val_accuracy")
    ('ratio', 'difference')
    """
    return "difference" if metric.endswith(_DIFFERENCES) else "ratio"


def is_share_of_runs(metric: str) -> bool:
    """Tell whether a run's value is 0 or 1."""
    return metric in ("reached", "diverged")


def better_of(metric: str) -> Direction:
    """Tell which way what a claim compares is better."""
    return "higher" if metric.endswith(_HIGHER) else "lower"


def worst(metric: str) -> float:
    """Give what a run without a value counts as."""
    return inf if better_of(metric) == "lower" else -inf


def inner(value: float, scale: Scale) -> float:
    """Give a value on the scale that is computed on: of a ratio the logarithm."""
    return log(max(value, SMALLEST)) if scale == "ratio" else value


def outer(value: float, scale: Scale) -> float:
    """Give back what `inner` took: a ratio for a difference of logarithms.

    >>> outer(inner(0.5, "ratio") - inner(2.0, "ratio"), "ratio")
    0.25
    """
    if scale == "difference":
        return value
    return exp(value) if value < 700 else inf  # an end of an interval from two seeds may lie anywhere


def inner_margin(margin: float, direction: str, scale: Scale) -> float:
    """Give a claim's margin on the scale that is computed on.

    A tenth (0.1) lower is a ratio of 0.9, a tenth higher one of 1.1; equal within a tenth is a ratio
    between 1 / 1.1 and 1.1. Nothing is lower by as much as all of it.
    """
    if scale == "difference":
        return margin
    if direction == "lower":
        return -log1p(-margin) if margin < 1 else inf
    return log1p(margin)
