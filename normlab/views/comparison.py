"""Arms side by side: the settings that differ first, then what came of it."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from normlab.core.errors import show_value
from normlab.engine.events import Point
from normlab.lab.experiment import Experiment
from normlab.lab.settings import differences, show_setting
from normlab.views.history import History

# What a table of results shows of a point, in this order; a metric that wasn't measured leaves no row.
_METRICS = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "train_rmse", "val_rmse")


@dataclass(frozen=True)
class Comparison:
    """A table: a column per arm, and rows of a heading with a cell per arm."""

    arms: list[str]
    settings: list[tuple[str, list[str]]]
    results: list[tuple[str, list[str]]]


def compare(arms: Mapping[str, Sequence[History]]) -> Comparison:
    """Set arms side by side, each with its finished runs; the first arm is the baseline."""
    experiments = [_experiment(runs) for runs in arms.values()]
    return Comparison(list(arms), _settings(experiments), _results(list(arms.values())))


def _experiment(runs: Sequence[History]) -> Experiment:
    experiment = runs[0].experiment
    assert experiment is not None, "only runs that have started are compared"
    return experiment


def _settings(experiments: Sequence[Experiment]) -> list[tuple[str, list[str]]]:
    baseline = experiments[0]
    changed = [{d.path: d.after for d in differences(baseline, other)} for other in experiments]
    before = {d.path: d.before for other in experiments for d in differences(baseline, other)}
    return [(path, [show_setting(arm.get(path, before[path])) for arm in changed]) for path in before]


def _results(arms: Sequence[Sequence[History]]) -> list[tuple[str, list[str]]]:
    rows = [("outcome", [_outcomes(runs) for runs in arms])] if _eventful(arms) else []
    if any(len(runs) > 1 for runs in arms):
        rows.append(("seeds", [str(len(runs)) for runs in arms]))
    for when in ("best", "last"):
        points = [[p for run in runs if (p := _point(run, when)) is not None] for runs in arms]
        names = [name for name in _METRICS if any(name in p.metrics for arm in points for p in arm)]
        unit = arms[0][0].experiment.training.unit if arms[0][0].experiment else "epoch"
        places = [[float(p.epoch if unit == "epoch" else p.step) for p in arm] for arm in points]
        rows.append((f"{unit} ({when})", [spread(values, ".0f") for values in places]))
        for name in names:
            values = [[p.metrics[name] for p in arm if name in p.metrics] for arm in points]
            rows.append((f"{name} ({when})", [spread(v, ".4f") for v in values]))
    rows.append(("parameters", [f"{runs[0].num_parameters:,}" for runs in arms]))
    rows.append(("seconds", [spread([run.seconds for run in runs], ".2f") for runs in arms]))
    return rows


def _point(run: History, when: str) -> Point | None:
    return run.best if when == "best" else run.last


def _eventful(arms: Sequence[Sequence[History]]) -> bool:
    return any(run.outcome != "completed" for runs in arms for run in runs)


def _outcomes(runs: Sequence[History]) -> str:
    names = [run.outcome or "running" for run in runs]
    if len(names) == 1:
        return names[0]
    return ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))


def spread(values: Sequence[float], form: str) -> str:
    """Write a value, or the mean and the standard deviation of several.

    >>> spread([1.0, 2.0, 3.0], ".1f"), spread([0.5], ".2f"), spread([], ".2f")
    ('2.0 ± 1.0', '0.50', '–')
    """
    if not values:
        return "–"
    if not all(math.isfinite(value) for value in values):
        finite = [value for value in values if math.isfinite(value)]
        lost = f"{len(values) - len(finite)} not finite" if len(values) > 1 else show_value(values[0])
        return f"{spread(finite, form)} ({lost})" if finite else lost
    mean = statistics.fmean(values)
    # Losses near 0 keep their digits.
    shown = f"{mean:{form}}" if mean == 0 or abs(mean) >= 1e-3 or form == ".0f" else f"{mean:.2e}"
    return shown if len(values) == 1 else f"{shown} ± {statistics.stdev(values):{form}}"
