"""Curves drawn by matplotlib: a panel per metric, and names below."""

import io
import logging
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from normlab.engine.events import Point
from normlab.exports.exhibit import Arm, Exhibit, by_arm, side_by_side
from normlab.exports.panel import FAINT, HUES, INK, QUIET, SIGNS, draw, marker_of
from normlab.exports.quiet import environment, loggers
from normlab.views.curves import Tab, tabs
from normlab.views.history import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_NAMED = 24
"""Arms in a picture's legend."""
_LONGEST = 48
"""Characters of a name there."""

# matplotlib's settings are the process's.
_ONE_AT_A_TIME = Lock()


def write_png(exhibits: Sequence[Exhibit]) -> bytes:
    """Draw all curves as one picture, 160 dots an inch."""
    return _picture(exhibits, "png")


def write_svg(exhibits: Sequence[Exhibit]) -> bytes:
    """Draw all curves as one drawing, its letters as outlines."""
    return _picture(exhibits, "svg")


def _picture(exhibits: Sequence[Exhibit], format: str) -> bytes:
    arms, panels = by_arm(exhibits), measured_tabs([exhibit.history for exhibit in exhibits])
    with plain_matplotlib():
        from matplotlib.figure import Figure

        num_columns = min(2, len(panels)) or 1
        num_rows = -(-len(panels) // num_columns) or 1
        figure = Figure((5.4 * num_columns, 3.3 * num_rows), dpi=160, layout="constrained")
        shown: set[str] = set()
        for place, tab in enumerate(panels, start=1):
            axes = figure.add_subplot(num_rows, num_columns, place)
            axes.set_title(tab.title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)
            shown |= draw(axes, arms, tab)
        _name(figure, arms, shown)
        return _save(figure, format)


def inline_svg(arms: Sequence[Arm], tab: Tab) -> tuple[str, set[str]]:
    """Draw one tab's curves as an <svg> whose colours are the page's variables --hue-N, --ink and so on.

    The signs that it shows come with it.
    """
    with plain_matplotlib(salt=tab.key, fonttype="none"):
        from matplotlib.figure import Figure

        figure = Figure((6.2, 3.3), layout="constrained")
        shown = draw(figure.add_subplot(), arms, tab)
        return inline(figure), shown


def inline(figure: "Figure") -> str:
    """Write a figure as an <svg> in the page's colours."""
    text = _save(figure, "svg", transparent=True).decode()
    for index, hue in enumerate(HUES):
        text = text.replace(hue, f"var(--hue-{index})")
    for color, name in ((INK, "ink"), (QUIET, "quiet"), (FAINT, "faint")):
        text = text.replace(color, f"var(--{name})")
    return text[text.index("<svg") :]


def measured_tabs(histories: Sequence[History]) -> list[Tab]:
    """List the tabs that some run has values for."""
    return [tab for tab in tabs(histories) if any(_has(history.points, tab) for history in histories)]


def _has(points: Sequence[Point], tab: Tab) -> bool:
    return any(metric in points[-1].metrics for metric in tab.metrics) if points else False


def _name(figure: "Figure", arms: Sequence[Arm], shown: set[str]) -> None:
    """Name arms and signs below the panels, which the figure grows for."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.lines import Line2D
    from matplotlib.textpath import text_to_path

    handles = [
        Line2D([], [], color=HUES[index % len(HUES)], linewidth=1.8, marker=marker_of(index), markersize=4)
        for index in range(min(len(arms), _MAX_NAMED))
    ]
    labels = [
        _short(arm.label) + (f" (not compared: {why})" if why else "")
        for arm, why in zip(arms[:_MAX_NAMED], side_by_side(arms).not_compared, strict=False)
    ]
    if len(arms) > _MAX_NAMED:
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"and {len(arms) - _MAX_NAMED} more")
    signs = {name: look for name, (_, look) in SIGNS.items() if name in shown}
    handles += [Line2D([], [], color=QUIET, **look) for look in signs.values()]
    labels += signs
    font = FontProperties(size=9)
    points = [text_to_path.get_text_width_height_descent(label, font, False)[0] for label in labels]
    width, height = figure.get_size_inches()  # a name needs 0.7 beside its letters, and 0.19 in height
    num_columns = min(4, max(1, int(width / (0.7 + max(points) / 72))))
    figure.set_size_inches(width, height + 0.2 + 0.19 * -(-len(labels) // num_columns))
    # A label that begins with _ would be left out: they are set afterwards.
    legend = figure.legend(
        handles, ["x"] * len(labels), loc="outside lower left", ncols=num_columns, frameon=False, fontsize=9
    )
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_parse_math(False)  # $ in a run's name is a $
        text.set_text(label)
        text.set_color(INK)


def _short(name: str) -> str:
    """Cut a long name in its middle: its end tells what differs."""
    half = _LONGEST // 2
    return name if len(name) <= _LONGEST else f"{name[: half - 1]}…{name[-half:]}"


@contextmanager
def plain_matplotlib(salt: str = "normlab", fonttype: str = "path") -> Generator[None]:
    """Draw with matplotlib's own defaults, whatever somebody's matplotlibrc says (usetex runs LaTeX).

    Several threads wait for each other.
    """
    # A wrong matplotlibrc or MPLBACKEND, or a place that can't be written, concerns no file.
    quiet = loggers("matplotlib", level=logging.ERROR)
    with _ONE_AT_A_TIME, quiet, environment((), {"MPLBACKEND": "agg"}):
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
