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
    experiments = [runs[0].experiment for runs in arms.values()]
    return Comparison(list(arms), _settings(experiments), _results(list(arms.values())))


def _settings(experiments: Sequence[Experiment]) -> list[tuple[str, list[str]]]:
    baseline = experiments[0]
    changes = [list(differences(baseline, other)) for other in experiments]
    paths = dict.fromkeys(difference.path for changed in changes for difference in changed)
    rows = [(path, [_setting(experiment, path) for experiment in experiments]) for path in paths]
    if any(len(changed) > 1 for changed in changes):
        rows.append(("confounded", [f"{len(c)} changes" if len(c) > 1 else "" for c in changes]))
    return rows


def _setting(experiment: Experiment, path: str) -> str:
    """Write an arm's own value of a setting; a part of another kind may have none."""
    value: object = experiment
    for step in path.split("."):
        if not hasattr(value, step):
            return "–"
        value = getattr(value, step)
    return show_setting(value)


def _results(arms: Sequence[Sequence[History]]) -> list[tuple[str, list[str]]]:
    rows = [("outcome", [_outcomes(runs) for runs in arms])] if _eventful(arms) else []
    if any(len(runs) > 1 for runs in arms):
        rows.append(("seeds", [str(len(runs)) for runs in arms]))
    unit = arms[0][0].unit
    same = all(run.best == run.last for runs in arms for run in runs)
    for when in ("best",) if same else ("best", "last"):
        points = [[(run, p) for run in runs if (p := _point(run, when)) is not None] for runs in arms]
        names = [name for name in _METRICS if any(name in p.metrics for arm in points for _, p in arm)]
        title = "best = last" if same else when
        places = [[float(run.place(point)) for run, point in arm] for arm in points]
        rows.append((f"{unit} ({title})", [spread(values, ".0f") for values in places]))
        for name in names:
            values = [[point.metrics[name] for _, point in arm if name in point.metrics] for arm in points]
            rows.append((f"{name} ({title})", [spread(v, ".4f") for v in values]))
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
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    # Losses near 0 keep their digits, and those that explode stay short.
    if form != ".0f" and mean != 0 and not 1e-3 <= abs(mean) < 1e5:
        form = ".2e"
    return f"{mean:{form}} ± {deviation:{form}}" if deviation else f"{mean:{form}}"
