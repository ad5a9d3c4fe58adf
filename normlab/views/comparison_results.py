"""What came of runs side by side: each number with its difference to the baseline, seed by seed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from normlab.lab.experiment import Experiment
from normlab.lab.metrics import SCORES, better
from normlab.lab.settings import PREPARATION, differences
from normlab.views.comparison_cells import Cell, Row, mean, number
from normlab.views.history import History

Arms = Sequence[Sequence[History]]
Partners = dict[int, list[History]]
"""The baseline's runs by their seeds, which key the split, and the draw of data that is drawn."""
Read = Callable[[History], float | None]
"""Reads a number off a run; none where there is none yet."""

METRICS = (*SCORES, "grad_norm", "lr")
"""Metrics of a point, in this order; one that wasn't measured leaves no row."""


def partners(baseline: Iterable[History], repeats: Iterable[History]) -> Partners:
    """Sort the baseline's runs by seed; of `repeats`, those with other seeds."""
    found: Partners = {}
    for run in baseline:
        found.setdefault(run.experiment.seed, []).append(run)
    for run in repeats:
        found.setdefault(run.experiment.seed, [run])
    return found


def results(arms: Arms, others: Partners) -> list[Row]:
    """List what came of each arm."""
    rows: list[Row] = []
    if any(run.outcome != "completed" for runs in arms for run in runs):
        rows.append(Row("outcome", [Cell(_outcomes(runs)) for runs in arms]))
    if any(len(runs) > 1 for runs in arms):
        rows.append(Row("seeds", [Cell(str(len(runs)), len(runs)) for runs in arms]))
    # Runs counted in epochs and in steps have epochs in common.
    unit = "step" if all(runs[0].unit == "step" for runs in arms) else "epoch"
    same = _are_last(arms)
    for when in ("best",) if same else ("best", "last"):
        title = "best = last" if same else when
        rows.append(_row(f"{unit} ({title})", arms, others, _reader(unit, when), ".0f"))
        for metric in METRICS:
            read = _reader(metric, when)
            if any(read(run) is not None for runs in arms for run in runs):
                row = _row(f"{metric} ({title})", arms, others, read, ".4f")
                rows.append(_judge(row, metric, arms, at_best=when == "best" and not same))
    rows.append(_row("parameters", arms, others, lambda run: run.num_parameters or None, ",.0f"))
    rows.append(_row("seconds", arms, others, lambda run: run.seconds, ".2f"))
    if any(run.samples_per_second is not None for runs in arms for run in runs):
        rows.append(_row("samples_per_second", arms, others, lambda run: run.samples_per_second, ",.0f"))
    return rows


def _outcomes(runs: Sequence[History]) -> str:
    names = [run.outcome or ("running" if run.device else "not started") for run in runs]
    if len(names) == 1:
        return names[0]
    return ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))


def _reader(name: str, when: str) -> Read:
    """Read a metric, or where it was measured, off the best or the last point."""

    def read(run: History) -> float | None:
        point = run.best if when == "best" else run.last
        if point is None:
            return None
        return getattr(point, name) if name in ("epoch", "step") else point.metrics.get(name)

    return read


def _row(name: str, arms: Arms, others: Partners, read: Read, form: str) -> Row:
    cells = [number([value for run in runs if (value := read(run)) is not None], form) for runs in arms]
    found = [_difference(runs, others, read) for runs in arms]
    return Row(name, [replace(cell, difference=d) for cell, d in zip(cells, found, strict=True)])


def _difference(runs: Sequence[History], others: Partners, read: Read) -> float | None:
    """Average the differences of runs to the baseline's with their seeds; the baseline itself has none."""
    found: list[float] = []
    for run in runs:
        pair = others.get(run.experiment.seed, [])
        if any(run is other for other in pair):
            return None
        own, before = read(run), mean([value for other in pair if (value := read(other)) is not None])
        if own is not None and before is not None:
            found.append(own - before)
    return mean(found)


def _are_last(arms: Arms) -> bool:
    """Tell whether every run's best epoch is its last."""
    return all(run.best == run.last for runs in arms for run in runs)


def _judge(row: Row, metric: str, arms: Arms, at_best: bool) -> Row:
    """Take differences off what is measured otherwise; mark the best of each group with the same seeds."""
    cells = list(row.cells)
    groups: dict[frozenset[int], dict[int, float]] = {}
    for place, (cell, runs) in enumerate(zip(row.cells, arms, strict=True)):
        if _obstacle(arms[0][0].experiment, runs[0].experiment, metric, at_best):
            cells[place] = replace(cell, difference=None)
        elif cell.value is not None and metric in SCORES:
            seeds = frozenset(run.experiment.seed for run in runs)
            groups.setdefault(seeds, {})[place] = cell.value
    for group in groups.values():
        best = min(group.values()) if better(metric) == "lower" else max(group.values())
        if len(set(group.values())) > 1:  # else nothing is better than another
            for place, value in group.items():
                cells[place] = replace(cells[place], is_best=value == best)
    return Row(row.name, cells)


# What may be compared.


def _obstacle(baseline: Experiment, other: Experiment, metric: str, at_best: bool) -> str | None:
    """Say why a metric of two experiments is measured on other samples or by another rule.

    With `at_best` it is that of their best epochs, which the same metric must have picked.

    Data sets that bring their own validation set are not told apart here: that would mean to look at
    their files.
    """
    if metric == "lr":
        return None
    for difference in differences(baseline.dataset, other.dataset, "dataset"):
        if not difference.path.startswith(PREPARATION):
            return f"{difference.path} differs"
    on_training = metric.startswith("train_") or metric == "grad_norm"
    if on_training and baseline.dataset.label_noise != other.dataset.label_noise:
        return "dataset.label_noise differs"
    if (metric.endswith("_loss") or metric == "grad_norm") and baseline.loss != other.loss:
        return "loss differs"
    if at_best and baseline.training.best_metric != other.training.best_metric:
        return "training.best_metric differs"
    return None


def obstacles(arms: Arms, others: Partners) -> list[str]:
    """Say per arm why its metrics, or some of them, or some of its seeds, are not compared."""
    points = [p for runs in arms for run in runs for p in (run.best, run.last) if p is not None]
    metrics = [metric for metric in METRICS if any(metric in point.metrics for point in points)]
    at_best = not _are_last(arms)
    said: list[str] = []
    for runs in arms:
        alone = sum(run.experiment.seed not in others for run in runs)
        reasons = [] if not alone else [_alone(alone, len(runs))]
        reasons += [
            found
            for m in metrics
            if (found := _obstacle(arms[0][0].experiment, runs[0].experiment, m, at_best))
        ]
        said.append(", ".join(dict.fromkeys(reasons)))
    return said


def _alone(alone: int, runs: int) -> str:
    return "seed differs" if alone == runs else f"{alone} of {runs} seeds differ"
