"""A panel of curves: a hue and a marker per arm, training dashed; of several seeds the mean is thick."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from normlab.exports.exhibit import Arm
from normlab.views.curves import ChartChoices, Curve, RunCurves, Tab, collect, resolve_axis
from normlab.views.thinning import decimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HUES = ("#0a5394", "#c56e00", "#007a58", "#e16542", "#a8447f", "#6a5c00", "#2790c5", "#444b4d")
"""On light ground; those of the lab's colour-blind palette."""
HUES_ON_DARK = ("#5cc0f8", "#eba200", "#009e73", "#d55e00", "#b86fa0", "#fdf151", "#0969b4", "#b5b7b4")
INK, QUIET, FAINT = "#22262e", "#5b6675", "#e3e0d8"
"""Of titles, of axes, of the grid."""

MARKERS = {"o": "●", "s": "■", "D": "◆", "v": "▼", "P": "✚", "X": "✖", "p": "⬟", "h": "⬢"}
"""Of arms, as matplotlib calls them, and as text."""

DASHED = (0, (3, 2))
SIGNS: dict[str, tuple[str, dict[str, Any]]] = {
    "one seed": ("—", {"linewidth": 0.8, "alpha": 0.35}),
    "training": ("- -", {"linewidth": 1, "linestyle": DASHED}),
    "best": ("★", {"linestyle": "", "marker": "*", "markersize": 9}),
    "diverged": ("▲", {"linestyle": "", "marker": "^", "markersize": 6}),
}
"""What else curves show: as text, and as matplotlib draws it."""

_COLUMNS = 300
"""A curve is drawn from at most twice as many points."""


def draw(axes: "Axes", arms: Sequence[Arm], tab: Tab) -> set[str]:
    """Draw the curves of a tab, and tell the signs that they show."""
    axis = resolve_axis(ChartChoices(), [each.history for arm in arms for each in arm.runs])
    values: list[float] = []
    shown: set[str] = set()
    for index, arm in enumerate(arms):
        runs = [collect(each.history, tab, axis, HUES[index % len(HUES)], "") for each in arm.runs]
        values += [y for run in runs for curve in run.curves for y in curve.y if math.isfinite(y)]
        shown |= _draw_arm(axes, runs, tab, index)
    dress(axes, values, axis, tab.scaled)
    return shown


def dress(axes: "Axes", values: Sequence[float], axis: str, scaled: bool) -> None:
    """Give axes their scale, which is by powers where `scaled` and the values suit it, and a quiet look."""
    from matplotlib.ticker import MaxNLocator

    if scaled and values and min(values) > 0 and max(values) > 5 * min(values):
        _scale_by_powers(axes, max(values) / min(values))
    elif values and min(values) == max(values):
        axes.set_yticks([values[0]])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel(axis, color=QUIET)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(which="both", colors=QUIET, length=0, labelsize=9)
    axes.set_axisbelow(True)


def _scale_by_powers(axes: "Axes", ratio: float) -> None:
    """Scale values by their logarithm; where they span less than two powers of ten, label some between."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if ratio < 100 else (1,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def marker_of(arm: int) -> str:
    """Give the marker of an arm, which shifts each time the hues begin again."""
    return tuple(MARKERS)[(arm + arm // len(HUES)) % len(MARKERS)]


def _draw_arm(axes: "Axes", runs: Sequence[RunCurves], tab: Tab, arm: int) -> set[str]:
    """Draw an arm's curves: of several seeds their mean, and thin the seeds' own."""
    color = runs[0].color
    found = [place for place in range(len(tab.metrics)) if any(run.curves[place].x for run in runs)]
    shown: set[str] = set()
    for place in found:
        is_main = place == found[-1]
        curves = [run.curves[place] for run in runs]
        x, y = drawn(_mean(curves))
        look: dict[str, Any] = {"linewidth": 1, "alpha": 0.75}
        if is_main:
            # Equal curves hide each other: each arm has its markers at other places.
            every = len(x) // 8 + 1
            marker = {"marker": marker_of(arm), "markersize": 4, "markevery": (arm % every, every)}
            look = {"linewidth": 1.8, **marker}
        if tab.metrics[place].startswith("train_"):
            look["linestyle"] = DASHED
            shown.add("training")
        for curve in curves if is_main and len(runs) > 1 else ():
            axes.plot(*drawn(curve), color=color, **SIGNS["one seed"][1])
            shown.add("one seed")
        axes.plot(x, y, color=color, **look)
    for run in runs:
        if len(runs) == 1 and len(found) > 1 and run.best is not None and run.judged is not None:
            axes.plot([run.best], [run.judged], color=color, marker="*", markersize=11)
            shown.add("best")
        if run.diverged is not None:
            at_top = axes.get_xaxis_transform()
            axes.plot([run.diverged], [1], color=color, marker="^", clip_on=False, transform=at_top)
            shown.add("diverged")
    return shown


def _mean(curves: Sequence[Curve]) -> Curve:
    """Average curves where all of them have a value."""
    if len(curves) == 1:
        return curves[0]
    values = [dict(zip(curve.x, curve.y, strict=True)) for curve in curves]
    places = [x for x in values[0] if all(x in each for each in values)]
    return Curve(places, [sum(each[x] for each in values) / len(values) for x in places])


def drawn(curve: Curve, columns: int = _COLUMNS) -> tuple[list[float], list[float]]:
    """Thin a curve for drawing; what is not finite leaves a gap."""
    x, y = decimate(curve.x, curve.y, columns)
    return x, [value if math.isfinite(value) else math.nan for value in y]
