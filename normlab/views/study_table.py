"""A study in numbers: what the runs of each cell come to, and how a cell differs from its baseline."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from normlab.analysis.estimates import Mean, Median
from normlab.analysis.pairs import Paired, pair
from normlab.analysis.scales import better_of, is_share_of_runs, outer, scale_of, worst
from normlab.analysis.trial import At, Failed, Trial, Value, read
from normlab.analysis.verdict import Scale
from normlab.lab.metrics import better, default_metric
from normlab.lab.study import BASELINE, Cell, Claim
from normlab.views.board import Board

CONFIDENCE = 0.95
"""Of the intervals in tables."""
_USUAL = ("val_accuracy", "val_rmse", "val_loss", "train_loss", "seconds")
_TIMES = ("epochs_to", "steps_to", "reached", "diverged", "seconds", "samples_per_second")


@dataclass(frozen=True)
class Measure:
    """What is read off each run."""

    metric: str
    at: At = "best"
    target: tuple[str, float] | None = None

    @property
    def label(self) -> str:
        """Name it, as a table's heading.

        >>> Measure("epochs_to", target=("val_accuracy", 0.98)).label, Measure("val_loss", "last").label
        ('epochs to val_accuracy ≥ 0.98', 'val_loss (last)')
        """
        if self.target is not None:
            name, goal = self.target
            what = f"{name} {'≥' if better(name) == 'higher' else '≤'} {goal:g}"
            return f"{self.metric.replace('_', ' ')} {what}"
        return self.metric if self.at == "best" or self.metric in _TIMES else f"{self.metric} (last)"

    def of(self, trial: Trial) -> Value | None:
        """Read it off a run; none where it wasn't measured."""
        return read(trial, self.metric, self.at, self.target)


def measure_of(claim: Claim) -> Measure:
    """Give what a claim compares."""
    target = next(iter(claim.target.items())) if claim.target else None
    at: At = "best" if claim.metric in _TIMES else claim.at
    return Measure(claim.metric, at, target)


@dataclass(frozen=True)
class Summary:
    """A measure over a cell's seeds."""

    measure: Measure
    values: Mapping[int, Value]
    """By seed; Failed where a run has none. Seeds in which it wasn't measured are left out."""
    mean: float | None
    """None where a run failed: to leave it out would flatter the cell."""
    half_width: float | None
    """Of the mean's 95 % t-interval: mean ± this. None for shares of runs, and for a single seed."""
    median: float | None
    """With failed runs as the worst; none where one of them stands in the middle."""

    @property
    def num_failed(self) -> int:
        """How many runs have no value."""
        return sum(isinstance(value, Failed) for value in self.values.values())

    @property
    def text(self) -> str:
        """Write it: mean ± half-width, a share as a count, or where runs failed the median."""
        num = len(self.values)
        if not num:
            return "–"
        if is_share_of_runs(self.measure.metric) and not self.num_failed:
            return f"{sum(v for v in self.values.values() if not isinstance(v, Failed)):g} of {num}"
        if self.mean is not None:
            half = "" if self.half_width is None else f" ± {show(self.half_width, self.measure, self.mean)}"
            return show(self.mean, self.measure) + half
        middle = "none" if self.median is None else f"median {show(self.median, self.measure)}"
        return f"{middle} ({self.num_failed} of {num} without)"


@dataclass(frozen=True)
class ArmRow:
    """What the runs of a cell come to."""

    cell: Cell
    num_ended: int
    """Runs that have come to an end."""
    num_failed: int
    """Those of them that diverged, ran out of memory or broke off."""
    summaries: tuple[Summary, ...]
    """One for each of the study's measures."""

    @property
    def name(self) -> str:
        """The cell's."""
        return self.cell.name


def measures(board: Board) -> list[Measure]:
    """List what a study's tables show: what its claims compare, then the usual metrics that were measured."""
    claimed = [measure_of(claim) for claim in board.preset.claims]
    measured = {
        name for history in list(board.histories.values()) if history.last for name in history.last.metrics
    }
    return list(dict.fromkeys([*claimed, *(Measure(name) for name in _USUAL if name in measured)]))


def arm_rows(board: Board) -> list[ArmRow]:
    """Sum up the runs of each cell, in the order of the study's cells."""
    trials, wanted = board.trials, measures(board)
    return [
        ArmRow(
            cell,
            len(trials[cell.name]),
            sum(trial.has_failed for trial in trials[cell.name].values()),
            tuple(summarize(measure, trials[cell.name]) for measure in wanted),
        )
        for cell in board.cells
    ]


def table_notes(board: Board, rows: Sequence[ArmRow]) -> list[str]:
    """Say what the numbers of a table of arms are."""
    summaries = [summary for row in rows for summary in row.summaries]
    notes: list[str] = []
    if any(summary.half_width is not None for summary in summaries):
        notes.append("mean ± half of its 95 % interval")
    if any(summary.num_failed for summary in summaries):
        notes.append("where runs have no value, the median with these as the worst")
    if any(each.measure.at == "best" and each.measure.metric not in _TIMES for each in summaries):
        default = default_metric(dict.fromkeys((each.measure.metric for each in summaries), 0.0))
        chosen = {cell.experiment.training.best_metric or default for cell in board.cells}
        where = f"the best {chosen.pop()}" if len(chosen) == 1 else "its run's best value"
        but = ", but for (last)" if any(each.measure.at == "last" for each in summaries) else ""
        notes.append(f"metrics are those of the evaluation with {where}{but}")
    return notes


def summarize(measure: Measure, trials: Mapping[int, Trial]) -> Summary:
    """Sum up a measure over a cell's runs."""
    values = {
        seed: value for seed, trial in sorted(trials.items()) if (value := measure.of(trial)) is not None
    }
    bad = worst(measure.metric)
    ordered = [bad if isinstance(value, Failed) else value for value in values.values()]
    middle = Median(ordered).center if ordered else math.inf
    mean = half = None
    if ordered and all(map(math.isfinite, ordered)):
        estimate = Mean(ordered)
        mean, ends = estimate.center, estimate.interval(CONFIDENCE)
        if ends is not None and not is_share_of_runs(measure.metric):
            half = (ends[1] - ends[0]) / 2
    return Summary(measure, values, mean, half, middle if math.isfinite(middle) else None)


@dataclass(frozen=True)
class DifferenceRow:
    """How a cell differs from the baseline at its place of the grid, pair by pair; no claim is about it."""

    cell: Cell
    against: Cell
    measure: Measure
    scale: Scale
    effect: float | None
    """arm / against, or arm - against; where a run failed, the median of the pairs, and none where one
    arm has no value in that pair."""
    bound: str | None
    """">=" or "<=" where the effect is only known to lie beyond that."""
    interval: tuple[float, float] | None
    """At 95 %, not adjusted for how many there are; none where the pairs don't say how far they spread."""
    num_pairs: int
    wins: int
    """Pairs in which the cell is better."""

    @property
    def text(self) -> str:
        """Write the effect with its interval: × 0.71 [0.6, 0.84], or +0.0123 [-0.0011, +0.0257]."""
        if self.effect is None:
            return "none: failed runs"
        sign = {">=": "≥ ", "<=": "≤ "}.get(self.bound or "", "")
        times = "× " if self.scale == "ratio" else ""
        low, high = map(self._one, self.interval or (0.0, 0.0))
        ends = "" if low == high else f" [{low}, {high}]"
        return f"{sign}{times}{self._one(self.effect)}{ends}"

    def _one(self, value: float) -> str:
        if not math.isfinite(value):
            return "∞" if value > 0 else "-∞"
        return f"{value:.3g}" if self.scale == "ratio" else f"{value:+.4f}"


def difference_rows(board: Board) -> list[DifferenceRow]:
    """Compare each cell with its baseline, in what the claims compare and the validation metrics.

    These are exploratory: many comparisons at 95 % each, and nothing was said about them beforehand. What a
    claim is about is left out: its verdict tells it.
    """
    baselines = {_place(cell): cell for cell in board.cells if cell.arm == BASELINE}
    measured = [measure_of(claim) for claim in board.preset.claims]
    wanted = [each for each in measures(board) if each in measured or each.metric.startswith("val_")]
    trials, claimed = board.trials, _claimed(board)
    others = [cell for cell in board.cells if cell.arm != BASELINE]
    found = (
        _difference(cell, baselines[_place(cell)], measure, trials)
        for measure, cell in product(wanted, others)
        if (cell.name, measure) not in claimed and _is_same(measure, cell, baselines[_place(cell)])
    )
    return [row for row in found if row is not None]


def _is_same(measure: Measure, cell: Cell, against: Cell) -> bool:
    """Tell whether a measure is the same quantity in both: a loss is only with the same settings of it."""
    return not measure.metric.endswith("_loss") or cell.experiment.loss == against.experiment.loss


def _claimed(board: Board) -> set[tuple[str, Measure]]:
    """Give the comparisons with the baseline that a claim is about, at one place; a mean over several isn't
    one of them."""
    found: set[tuple[str, Measure]] = set()
    for claim in board.preset.claims:
        if BASELINE in (claim.arm, claim.against):
            arm = claim.against if claim.arm == BASELINE else claim.arm
            cells = [cell for cell in board.cells if cell.arm == arm and claim.is_at(cell.point)]
            if len(cells) == 1:
                found.add((cells[0].name, measure_of(claim)))
    return found


def _place(cell: Cell) -> str:
    return repr(dict(cell.point))


def _difference(
    cell: Cell, against: Cell, measure: Measure, trials: Mapping[str, Mapping[int, Trial]]
) -> DifferenceRow | None:
    own, other, metric = trials[cell.name], trials[against.name], measure.metric
    pairs = {
        seed: pair(a, b, metric)
        for seed in sorted(own.keys() & other.keys())
        if (a := measure.of(own[seed])) is not None and (b := measure.of(other[seed])) is not None
    }
    paired = Paired(metric, pairs)
    found, estimate, scale = paired.effect(), paired.estimate(), scale_of(metric)
    if found is None or estimate is None:
        return None
    ends = estimate.interval(CONFIDENCE)
    # One that is everything, or has no width, doesn't say where the effect lies.
    if ends is not None and (ends[0] == ends[1] or (math.isinf(ends[0]) and math.isinf(ends[1]))):
        ends = None
    way = 1 if better_of(metric) == "higher" else -1
    has_effect = math.isfinite(found[0])
    return DifferenceRow(
        cell, against, measure, scale,
        outer(found[0], scale) if has_effect else None,
        found[1] if has_effect else None,
        (outer(ends[0], scale), outer(ends[1], scale)) if ends is not None and has_effect else None,
        len(pairs), sum(way * p.difference > 0 for p in pairs.values()),
    )  # fmt: skip


def show(value: float, measure: Measure, beside: float | None = None) -> str:
    """Write a number of a measure, as long as its kind needs; `beside` is the one whose digits it follows."""
    if measure.metric in ("epochs_to", "steps_to", "samples_per_second"):
        return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"
    if measure.metric == "seconds":
        return f"{value:.2f}"
    scale = value if beside is None else beside
    # Losses near 0 keep their digits, and those that explode stay short.
    return f"{value:.4f}" if scale == 0 or 1e-3 <= abs(scale) < 1e5 else f"{value:.2e}"
