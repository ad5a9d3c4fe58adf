"""Runs side by side: the settings that differ first, then what came of it."""

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from normlab.core.choice import Record
from normlab.core.errors import show_value
from normlab.core.fields import describe
from normlab.engine.events import Point
from normlab.lab.experiment import Experiment
from normlab.lab.metrics import better
from normlab.lab.settings import differences, show_setting
from normlab.views.history import History

# What a table of results shows of a point, in this order; a metric that wasn't measured leaves no row.
_METRICS = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "train_rmse", "val_rmse")

ABSENT = "–"
"""Stands where an arm has no such setting or result."""
CONFOUNDED, NOT_COMPARED = "confounded", "not compared"
"""Names of the rows that warn."""


@dataclass(frozen=True)
class Cell:
    """An arm's entry in a row."""

    text: str
    value: float | None = None
    """The finite number behind the text, unrounded (the mean of several seeds); none where there is none."""
    difference: float | None = None
    """From the baseline's value to this one; none where there is nothing to compare with."""
    is_best: bool = False
    """The best value of its row; several may share it."""
    differs: bool = False
    """A setting that isn't the baseline's."""

    def __str__(self) -> str:
        """Write the cell with its difference.

        >>> str(Cell("0.0990", 0.099, -0.0029))
        '0.0990 (-0.0029)'
        """
        if self.difference is None:
            return self.text
        return f"{self.text} ({_signed(self.difference)})"


@dataclass(frozen=True)
class Row:
    """A heading with a cell per arm."""

    name: str
    cells: list[Cell]


@dataclass(frozen=True)
class Comparison:
    """A table with a column per arm, the baseline's first."""

    arms: list[str]
    settings: list[Row]
    """Those that differ, and how many changes confound an arm."""
    other_settings: list[Row]
    """All others, where they were asked for: equal ones, and fields that only some kinds have."""
    results: list[Row]
    not_compared: list[str]
    """Per arm, why its metrics (or some of them) have no difference to the baseline; "" where all have."""

    @property
    def sections(self) -> list[list[Row]]:
        """All rows in their order: settings that differ, the others, results; none of them empty."""
        settings = list(self.settings)
        if any(self.not_compared):
            settings.append(Row(NOT_COMPARED, [Cell(reason) for reason in self.not_compared]))
        return [rows for rows in (settings, self.other_settings, self.results) if rows]


def compare(arms: Iterable[tuple[str, Sequence[History]]], all_settings: bool = False) -> Comparison:
    """Set named arms side by side, each with one or more runs; the first arm is the baseline."""
    named = list(arms)
    runs = [runs for _, runs in named]
    experiments = [first.experiment for first, *_ in runs]
    settings = _settings(experiments, seeds=all(len(arm) == 1 for arm in runs))
    others = _other_settings(experiments, settings) if all_settings else []
    results = _results(runs)
    metrics = {
        metric for arm in runs for run in arm for p in (run.best, run.last) if p for metric in p.metrics
    }
    reasons = [_obstacles(experiments[0], other, metrics) for other in experiments]
    return Comparison([name for name, _ in named], settings, others, results, reasons)


# Settings.


def _settings(experiments: Sequence[Experiment], seeds: bool) -> list[Row]:
    """List what differs; a seed is a repetition, no change, but tells single runs apart."""
    changes = [list(differences(experiments[0], other)) for other in experiments]
    paths = dict.fromkeys(difference.path for changed in changes for difference in changed)
    rows = [_setting_row(path, experiments) for path in paths]
    if seeds and any(other.seed != experiments[0].seed for other in experiments):
        rows.append(_setting_row("seed", experiments))
    if any(len(changed) > 1 for changed in changes):
        counts = [f"{len(c)} changes" if len(c) > 1 else "" for c in changes]
        rows.append(Row(CONFOUNDED, [Cell(count) for count in counts]))
    return rows


def _other_settings(experiments: Sequence[Experiment], shown: Sequence[Row]) -> list[Row]:
    """List the settings that no row shows yet, each record's own together."""
    done = {row.name for row in shown} | {f"{row.name}.kind" for row in shown}
    leaves = dict.fromkeys(path for experiment in experiments for path in _leaves(experiment))
    groups = list(dict.fromkeys(path.rpartition(".")[0] for path in leaves))
    paths = sorted(leaves, key=lambda path: groups.index(path.rpartition(".")[0]))
    return [_setting_row(path, experiments) for path in paths if path not in done]


def _leaves(record: Record, path: str = "") -> Iterator[str]:
    for name in describe(type(record)):
        value, here = getattr(record, name), f"{path}.{name}" if path else name
        if isinstance(value, Record):
            yield from _leaves(value, here)
        else:
            yield here


def _setting_row(path: str, experiments: Sequence[Experiment]) -> Row:
    values = [_setting(experiment, path) for experiment in experiments]
    return Row(path, [Cell(show_setting(value), differs=value != values[0]) for value in values])


def _setting(experiment: Experiment, path: str) -> object:
    """Give an arm's own value of a setting; a part of another kind may have none."""
    value: object = experiment
    for step in path.split("."):
        if not hasattr(value, step):
            return ABSENT
        value = getattr(value, step)
    return value


# Results.


def _results(arms: Sequence[Sequence[History]]) -> list[Row]:
    rows = [Row("outcome", [Cell(_outcomes(runs)) for runs in arms])] if _eventful(arms) else []
    if any(len(runs) > 1 for runs in arms):
        rows.append(Row("seeds", [Cell(str(len(runs)), len(runs)) for runs in arms]))
    # Runs counted in epochs and in steps have epochs in common.
    unit = "step" if all(runs[0].unit == "step" for runs in arms) else "epoch"
    same = all(run.best == run.last for runs in arms for run in runs)
    for when in ("best",) if same else ("best", "last"):
        points = [[p for run in runs if (p := _point(run, when)) is not None] for runs in arms]
        title = "best = last" if same else when
        places = [[float(getattr(point, unit)) for point in arm] for arm in points]
        rows.append(Row(f"{unit} ({title})", [_number(values, ".0f") for values in places]))
        for name in (n for n in _METRICS if any(n in p.metrics for arm in points for p in arm)):
            values = [[point.metrics[name] for point in arm if name in point.metrics] for arm in points]
            cells = [_number(each, ".4f") for each in values]
            rows.append(Row(f"{name} ({title})", _judge(name, cells, [runs[0].experiment for runs in arms])))
    rows.append(Row("parameters", _with_differences([_parameters(runs[0]) for runs in arms])))
    rows.append(Row("seconds", [_number([run.seconds for run in runs], ".2f") for runs in arms]))
    return rows


def _point(run: History, when: str) -> Point | None:
    return run.best if when == "best" else run.last


def _eventful(arms: Sequence[Sequence[History]]) -> bool:
    return any(run.outcome != "completed" for runs in arms for run in runs)


def _outcomes(runs: Sequence[History]) -> str:
    names = [run.outcome or ("running" if run.device else "not started") for run in runs]
    if len(names) == 1:
        return names[0]
    return ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))


def _number(values: Sequence[float], form: str) -> Cell:
    finite = bool(values) and all(math.isfinite(value) for value in values)
    return Cell(spread(values, form), statistics.fmean(values) if finite else None)


def _parameters(run: History) -> Cell:
    return Cell(f"{run.num_parameters:,}", run.num_parameters) if run.num_parameters else Cell(ABSENT)


def _judge(metric: str, cells: Sequence[Cell], experiments: Sequence[Experiment]) -> list[Cell]:
    """Add the differences to the baseline and mark the best, among those that measure the same."""
    alike = [_obstacle(experiments[0], other, metric) is None for other in experiments]
    values = {cell.value for cell, ok in zip(cells, alike, strict=True) if ok and cell.value is not None}
    best = None
    if len(values) > 1:  # else nothing is better than another
        best = min(values) if better(metric) == "lower" else max(values)
    return [
        replace(told, is_best=told.value == best is not None) if ok else cell
        for told, cell, ok in zip(_with_differences(cells), cells, alike, strict=True)
    ]


def _with_differences(cells: Sequence[Cell]) -> list[Cell]:
    baseline, *others = cells
    return [baseline, *(replace(cell, difference=_difference(baseline, cell)) for cell in others)]


def _difference(baseline: Cell, cell: Cell) -> float | None:
    return None if baseline.value is None or cell.value is None else cell.value - baseline.value


# What may be compared.

# They prepare the inputs, or spoil training alone: validation measures on the same samples.
_PREPARATION = ("dataset.standardize", "dataset.scale_fault", "dataset.label_noise")


def _obstacle(baseline: Experiment, other: Experiment, metric: str) -> str | None:
    """Say why a metric of two experiments is measured on other samples or by another rule.

    A seed keys the split, and the draw of data that is drawn. Data sets that bring their own validation
    set are not told apart here: that would mean to look at their files.
    """
    if baseline.seed != other.seed:
        return "seed differs"
    for difference in differences(baseline.dataset, other.dataset, "dataset"):
        if not difference.path.startswith(_PREPARATION):
            return f"{difference.path} differs"
    if metric.startswith("train_") and baseline.dataset.label_noise != other.dataset.label_noise:
        return "dataset.label_noise differs"
    if metric.endswith("_loss") and baseline.loss != other.loss:
        return "loss differs"
    return None


def _obstacles(baseline: Experiment, other: Experiment, metrics: Iterable[str]) -> str:
    found = (_obstacle(baseline, other, metric) for metric in _METRICS if metric in metrics)
    return ", ".join(dict.fromkeys(reason for reason in found if reason))


def _signed(difference: float) -> str:
    """Write a difference as long as it takes to be none: counts whole, small ones with an exponent."""
    if difference == 0:
        return "="
    if isinstance(difference, int):
        return f"{difference:+,}"
    return f"{difference:+.4f}" if 1e-4 <= abs(difference) < 1e5 else f"{difference:+.2e}"


def spread(values: Sequence[float], form: str) -> str:
    """Write a value, or the mean and the standard deviation of several.

    >>> spread([1.0, 2.0, 3.0], ".1f"), spread([0.5], ".2f"), spread([], ".2f")
    ('2.0 ± 1.0', '0.50', '–')
    """
    if not values:
        return ABSENT
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
