"""Runs' curves under one tab: collected, smoothed, drawn into one chart, and read at a place."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Annotated, Literal

from pydantic import Field

from normlab.core.choice import Record
from normlab.engine.events import Point
from normlab.views.chart import Drawing, Mark, Series, plot
from normlab.views.history import Axis, History

AXES: tuple[Axis, ...] = ("epoch", "step", "seconds")

AxisChoice = Literal["auto", "epoch", "step", "seconds"]

TabKey = Literal["loss", "accuracy", "rmse", "ece", "lr", "grad_norm", "picture"]

SMOOTHINGS = (0.0, 0.6, 0.9)
"""What the key goes through."""

BEST, DIVERGED = "★", "▲"
"""Marks of the best evaluation, and of the place from which values are no longer finite."""


class ChartChoices(Record, frozen=True):
    """How somebody likes the charts."""

    metric: TabKey = "loss"
    """Tab in front; "loss" stands in where a run has no such values."""
    log: bool = True
    """Logarithmic values, where a tab allows them."""
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Weight of the past in the drawn training curve; 0 draws it as measured."""
    axis: AxisChoice = "auto"
    """What curves run over; "auto" is what training is counted in."""
    ascii: bool = False
    """Draw with plain characters, for poor fonts."""


@dataclass(frozen=True)
class Tab:
    """What one chart shows."""

    key: TabKey
    title: str
    metrics: tuple[str, ...] = ()
    """Of training, and of validation where there are two; none for the picture of a model's answers."""
    scaled: bool = True
    """Whether log10 suits the values."""
    smoothed: bool = False
    """Whether the values are noisy; a schedule's rate is what it is."""


LOSS = Tab("loss", "Loss", ("train_loss", "val_loss"), smoothed=True)
ACCURACY = Tab("accuracy", "Accuracy", ("train_accuracy", "val_accuracy"), scaled=False, smoothed=True)
RMSE = Tab("rmse", "RMSE", ("train_rmse", "val_rmse"), smoothed=True)
CALIBRATION = Tab("ece", "Calibration error", ("val_ece",), scaled=False)
RATE = Tab("lr", "Learning rate", ("lr",))
GRADIENT = Tab("grad_norm", "Gradient norm", ("grad_norm",), smoothed=True)


def tabs(histories: Sequence[History]) -> list[Tab]:
    """List the tabs that some runs have something for."""
    measured = {name for history in histories if history.last for name in history.last.metrics}
    found = [LOSS]
    if "train_accuracy" in measured or "train_rmse" not in measured:
        found.append(ACCURACY)
    if "train_rmse" in measured:
        found.append(RMSE)
    if "val_ece" in measured:
        found.append(CALIBRATION)
    found += [RATE, GRADIENT]
    probed = [history.probed for history in histories if history.probed]
    if probed:
        found.append(Tab("picture", "Fit" if len(probed[-1].sizes) == 1 else "Surface", scaled=False))
    return found


def resolve_axis(choices: ChartChoices, histories: Sequence[History]) -> Axis:
    """Tell what curves run over: steps where any run is counted in them, unless somebody has chosen."""
    if choices.axis != "auto":
        return choices.axis
    return "step" if any(history.unit == "step" for history in histories) else "epoch"


def next_axis(choices: ChartChoices, histories: Sequence[History]) -> AxisChoice:
    """Tell what a key press goes to: what training is counted in, then each of the others."""
    auto, now = resolve_axis(ChartChoices(), histories), resolve_axis(choices, histories)
    others: list[Axis] = [axis for axis in AXES if axis != auto]
    rest = others[others.index(now) + 1 :] if now in others else others
    return rest[0] if rest else "auto"


@dataclass(frozen=True)
class Curve:
    """One metric of a run."""

    x: list[float]
    y: list[float]

    def near(self, x: float) -> float | None:
        """Give the value at the point nearest to x, the newest of those at one place.

        None where the curve starts later or has ended, by more than half the way to its next point.
        """
        if not self.x:
            return None
        first, last = self.x[0], self.x[-1]
        if x < first:
            inner = self.x[min(bisect_right(self.x, first), len(self.x) - 1)]
            return self._at(first) if first - x <= (inner - first) / 2 else None
        if x > last:
            inner = self.x[max(bisect_left(self.x, last) - 1, 0)]
            return self._at(last) if x - last <= (last - inner) / 2 else None
        after = self.x[bisect_left(self.x, x)]
        before = self.x[bisect_right(self.x, x) - 1]
        return self._at(after if after - x < x - before else before)

    def _at(self, place: float) -> float:
        return self.y[bisect_right(self.x, place) - 1]


@dataclass(frozen=True)
class RunCurves:
    """One run's curves under a tab."""

    color: str
    mark: str
    curves: tuple[Curve, ...]
    """One for each metric of the tab."""
    best: float | None
    """Place of the best evaluation."""
    diverged: float | None = None
    """The place from which losses are no longer finite."""
    best_values: tuple[float | None, ...] = ()
    """What the best evaluation measured, for each metric of the tab."""

    @property
    def judged(self) -> float | None:
        """The best evaluation's value: of validation, where there is one."""
        return next((value for value in reversed(self.best_values) if value is not None), None)

    def read(self, x: float) -> tuple[float | None, ...]:
        """Give each curve's value nearest to x."""
        return tuple(curve.near(x) for curve in self.curves)


def collect(history: History, tab: Tab, axis: Axis, color: str, mark: str) -> RunCurves:
    """Gather a run's curves under a tab."""
    curves = tuple(Curve(*history.curve(metric, axis)) for metric in tab.metrics)
    best = history.at(history.best, axis) if history.best else None
    values = tuple(history.best.metrics.get(metric) for metric in tab.metrics) if history.best else ()
    return RunCurves(color, mark, curves, best, _diverged_at(history, axis), values)


def _diverged_at(history: History, axis: Axis) -> float | None:
    if history.outcome not in (None, "diverged"):
        return None  # where divergence is allowed, values may be finite again
    points = list(history.points)
    odd = list(takewhile(_is_odd, reversed(points)))
    if odd:
        return history.at(odd[-1], axis)
    return history.at(points[-1], axis) if points and history.outcome == "diverged" else None


def _is_odd(point: Point) -> bool:
    return not all(math.isfinite(point.metrics.get(name, 0.0)) for name in ("train_loss", "val_loss"))


def places(runs: Sequence[RunCurves]) -> list[float]:
    """List every x that some curve has a point at, in order."""
    return sorted({x for run in runs for curve in run.curves for x in curve.x})


def smooth(y: Sequence[float], factor: float) -> list[float]:
    """Average exponentially, for the eye only.

    m_t = factor m_{t-1} + (1 - factor) y_t, shown as m_t / (1 - factor^t): the first value is itself.
    Values that are not finite are kept, and not counted.

    >>> smooth([1.0, 2.0], 0.5)
    [1.0, 1.6666666666666667]
    """
    smoothed: list[float] = []
    mean, weight = 0.0, 0.0
    for value in y:
        if math.isfinite(value):
            mean = factor * mean + (1 - factor) * value
            weight = factor * weight + (1 - factor)
            smoothed.append(mean / weight)
        else:
            smoothed.append(value)
    return smoothed


def draw_curves(
    runs: Sequence[RunCurves],
    tab: Tab,
    choices: ChartChoices,
    axis: Axis,
    width: int,
    height: int,
    window: tuple[float, float] | None = None,
) -> Drawing | None:
    """Draw training as lines and validation as marks; none where no value has a place on the chart.

    A line ends in its run's mark. A tab with one metric carries the marks on its lines.
    """
    lines: list[Series] = []
    dots: list[Series] = []
    marks: list[Mark] = []
    ends: list[Mark] = []
    for run in runs:
        mark = run.mark
        train, *others = run.curves
        y = smooth(train.y, choices.smoothing) if choices.smoothing and tab.smoothed else train.y
        lines.append(Series(train.x, y, run.color))
        marked = (others[0].x, others[0].y) if others else (train.x, y)
        dots.append(Series(*marked, run.color, mark))
        if train.x:
            ends.append(Mark(train.x[-1], y[-1], run.color, mark))
        if others and run.best is not None and run.judged is not None:
            marks.append(Mark(run.best, run.judged, run.color, BEST))
        if run.diverged is not None:
            marks.append(Mark(run.diverged, None, run.color, DIVERGED))
    return plot(
        [*lines, *dots],
        width,
        height,
        marks=[*ends, *marks],
        log=choices.log and tab.scaled,
        ascii=choices.ascii,
        whole=axis != "seconds",
        window=window,
    )
