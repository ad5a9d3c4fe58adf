"""Curves drawn by matplotlib: a panel per metric, a hue per arm, validation solid and training dashed."""

import io
import math
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from normlab.engine.events import Point
from normlab.exports.exhibit import Arm, Exhibit, by_arm
from normlab.views.curves import ChartChoices, Curve, RunCurves, Tab, collect, resolve_axis, tabs
from normlab.views.thinning import decimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HUES = ("#0a5394", "#c56e00", "#007a58", "#e16542", "#a8447f", "#6a5c00", "#2790c5", "#444b4d")
"""On light ground; those of the lab's colour-blind palette."""
HUES_ON_DARK = ("#5cc0f8", "#eba200", "#009e73", "#d55e00", "#b86fa0", "#fdf151", "#0969b4", "#b5b7b4")
INK, QUIET, FAINT = "#22262e", "#5b6675", "#e3e0d8"
"""Of titles, of axes, of the grid."""

MARKERS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚", "X": "✖", "p": "⬟"}
"""Of arms, as matplotlib calls them, and as text."""

_COLUMNS = 300
"""A curve is drawn from at most twice as many points."""
_MAX_NAMED = 24
"""Arms in a picture's legend."""


def write_png(exhibits: Sequence[Exhibit]) -> bytes:
    """Draw all curves as one picture, 160 dots an inch."""
    return _picture(exhibits, "png")


def write_svg(exhibits: Sequence[Exhibit]) -> bytes:
    """Draw all curves as one drawing, its letters as outlines."""
    return _picture(exhibits, "svg")


def _picture(exhibits: Sequence[Exhibit], format: str) -> bytes:
    from matplotlib.figure import Figure

    arms, panels = by_arm(exhibits), measured_tabs(exhibits)
    with _plain_matplotlib():
        num_columns = min(2, len(panels)) or 1
        num_rows = -(-len(panels) // num_columns) or 1
        figure = Figure((5.4 * num_columns, 3.3 * num_rows + 0.6), dpi=160, layout="constrained")
        for place, tab in enumerate(panels, start=1):
            draw(figure.add_subplot(num_rows, num_columns, place), arms, tab)
        _name(figure, arms)
        return _save(figure, format)


def inline_svg(exhibits: Sequence[Exhibit], tab: Tab) -> str:
    """Draw one tab's curves as an <svg> whose colours are the page's variables --hue-N, --ink and so on."""
    from matplotlib.figure import Figure

    with _plain_matplotlib(salt=tab.key, fonttype="none"):
        figure = Figure((6.2, 3.5), layout="constrained")
        draw(figure.add_subplot(), by_arm(exhibits), tab)
        text = _save(figure, "svg", transparent=True).decode()
    for index, hue in enumerate(HUES):
        text = text.replace(hue, f"var(--hue-{index})")
    for color, name in ((INK, "ink"), (QUIET, "quiet"), (FAINT, "faint")):
        text = text.replace(color, f"var(--{name})")
    return text[text.index("<svg") :]


def measured_tabs(exhibits: Sequence[Exhibit]) -> list[Tab]:
    """List the tabs that some run has values for."""
    histories = [exhibit.history for exhibit in exhibits]
    return [tab for tab in tabs(histories) if any(_has(history.points, tab) for history in histories)]


def _has(points: Sequence[Point], tab: Tab) -> bool:
    return any(metric in points[-1].metrics for metric in tab.metrics) if points else False


def draw(axes: "Axes", arms: Sequence[Arm], tab: Tab) -> None:
    """Draw the curves of a tab."""
    from matplotlib.ticker import MaxNLocator

    histories = [each.history for arm in arms for each in arm.runs]
    axis = resolve_axis(ChartChoices(), histories)
    values: list[float] = []
    for index, arm in enumerate(arms):
        for each in arm.runs:
            run = collect(each.history, tab, axis, HUES[index % len(HUES)], "")
            values += [y for curve in run.curves for y in curve.y if math.isfinite(y)]
            _draw_run(axes, run, marker_of(index))
    if tab.scaled and values and min(values) > 0 and max(values) > 5 * min(values):
        _scale_by_powers(axes, max(values) / min(values))
    elif values and min(values) == max(values):
        axes.set_yticks([values[0]])
    if axis != "seconds":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(tab.title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)
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


def _draw_run(axes: "Axes", run: RunCurves, marker: str) -> None:
    *others, main = [curve for curve in run.curves if curve.x] or [Curve([], [])]
    for curve in others:
        axes.plot(*_drawn(curve), color=run.color, linewidth=1, linestyle=(0, (3, 2)), alpha=0.75)
    x, y = _drawn(main)
    axes.plot(x, y, color=run.color, linewidth=1.8, marker=marker, markersize=4, markevery=len(x) // 8 + 1)
    if others and run.best is not None and run.judged is not None:
        axes.plot([run.best], [run.judged], color=run.color, marker="*", markersize=11)
    if run.diverged is not None:
        at_top = axes.get_xaxis_transform()
        axes.plot([run.diverged], [1], color=run.color, marker="^", clip_on=False, transform=at_top)


def _drawn(curve: Curve) -> tuple[list[float], list[float]]:
    x, y = decimate(curve.x, curve.y, _COLUMNS)
    return x, [value if math.isfinite(value) else math.nan for value in y]


def _name(figure: "Figure", arms: Sequence[Arm]) -> None:
    """Name arms and signs below the panels."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=HUES[index % len(HUES)], linewidth=1.8, marker=marker_of(index), markersize=4)
        for index in range(min(len(arms), _MAX_NAMED))
    ]
    labels = [arm.label for arm in arms[:_MAX_NAMED]]
    if len(arms) > _MAX_NAMED:
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"and {len(arms) - _MAX_NAMED} more")
    handles += [
        Line2D([], [], color=QUIET, linewidth=1, linestyle=(0, (3, 2))),
        Line2D([], [], color=QUIET, linestyle="", marker="*", markersize=9),
        Line2D([], [], color=QUIET, linestyle="", marker="^", markersize=6),
    ]
    labels += ["training", "best", "diverged"]
    # A label that begins with _ would be left out: they are set afterwards.
    legend = figure.legend(
        handles, ["x"] * len(labels), loc="outside lower left", ncols=4, frameon=False, fontsize=9
    )
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_parse_math(False)  # $ in a run's name is a $
        text.set_text(label)
        text.set_color(INK)


@contextmanager
def _plain_matplotlib(salt: str = "normlab", fonttype: str = "path") -> Generator[None]:
    """Draw with matplotlib's own defaults, whatever somebody's matplotlibrc says (usetex runs LaTeX)."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # Its letters are DejaVu's; others become boxes.
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font", UserWarning)
        matplotlib.rcdefaults()
        # The salt makes ids that are the same each time, and not those of another drawing on the page.
        matplotlib.rcParams.update({"svg.hashsalt": salt, "svg.fonttype": fonttype})
        yield


def _save(figure: "Figure", format: str, transparent: bool = False) -> bytes:
    file = io.BytesIO()
    # No date, so that the same runs give the same bytes.
    metadata = (
        {"Software": "normlab"} if format == "png" else dict.fromkeys(("Date", "Creator", "Format", "Type"))
    )
    figure.savefig(file, format=format, metadata=metadata, transparent=transparent)
    return file.getvalue()
