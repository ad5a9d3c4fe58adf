"""A study's bands: tabs of metrics, the chart, and a line for each cell."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from normlab.core.text import visible
from normlab.tui.keys import key_of
from normlab.tui.themes import PALETTES, hue_of
from normlab.tui.widgets.chart_canvas import ChartCanvas, Scene
from normlab.tui.widgets.legend import Lines, number
from normlab.tui.widgets.metric_tabs import MetricTabs
from normlab.views.cells import ASCII, rgb
from normlab.views.chart import Drawing, plot
from normlab.views.curves import ChartChoices, Tab
from normlab.views.marks import mark_of

if TYPE_CHECKING:
    from normlab.views.board import Board
    from normlab.views.study_bands import CellBand

NO_POINTS = "No curves yet. Press {run} to run the study."
WAITING = "Waiting for the first evaluation."
GATHERING = "The curves are being gathered."
NO_VALUES = "No finite values to draw here."
NO_LOG = "Nothing to draw on a logarithmic axis. Press {log} for a linear one."
FAINT = 0.42
"""How much of its colour a band keeps; the rest is the ground's."""


class StudyChart(Widget):
    """Bands of the cell under the cursor and of the other arms at its place of the grid."""

    DEFAULT_CSS = """
    StudyChart { layout: vertical; }
    StudyChart > #manner { height: 1; color: $secondary; }
    StudyChart > #bands-legend { height: auto; }
    """

    class Turned(Message):
        """Another metric is wanted."""

        def __init__(self, metric: str) -> None:
            super().__init__()
            self.metric = metric

    class Chosen(Message):
        """Somebody likes the charts otherwise now."""

        def __init__(self, choices: ChartChoices) -> None:
            super().__init__()
            self.choices = choices

    def __init__(self) -> None:
        super().__init__()
        self.canvas = ChartCanvas()
        self._bar, self._manner, self._legend = MetricTabs(), Lines(id="manner"), Lines(id="bands-legend")
        self._metrics: Sequence[str] = ()
        self._metric = "val_loss"
        self._bands: Sequence[CellBand] = ()
        self._choices, self._seeds = ChartChoices(), True
        self._begun, self._gathers = False, False

    def compose(self) -> ComposeResult:
        """Stack tabs, canvas, manner and legend."""
        yield self._bar
        yield self.canvas
        yield self._manner
        yield self._legend

    def show(
        self,
        board: "Board | None",
        metrics: Sequence[str],
        metric: str,
        bands: "Sequence[CellBand] | None",
        choices: ChartChoices,
    ) -> None:
        """Show bands, which are of `metric`; None while those are being reckoned."""
        self._metrics, self._metric, self._bands, self._choices = metrics, metric, bands or (), choices
        self._gathers = bands is None
        self._begun = bool(board and board.histories)
        self._show()

    def _show(self) -> None:
        choices, theme = self._choices, self.app.theme
        tabs = [_tab(name) for name in self._metrics]
        self._bar.show(tabs, _tab(self._metric))
        data = (self._metric, self._begun, self._gathers, *map(_stamp, self._bands))
        view: Hashable = (choices.log, choices.ascii, theme, self._seeds)
        self.canvas.show(Scene(data, view, self._build, choices.ascii))
        self._manner.show(Content(self._told()).truncate(max(self.size.width, 1), ellipsis=True))
        self._legend.show(self._lines())

    def on_resize(self) -> None:
        """Fit the text to the new width."""
        self._show()

    @property
    def _log(self) -> bool:
        return self._choices.log and not self._metric.endswith(("accuracy", "ece"))

    def _build(self, width: int, height: int) -> Drawing | str:
        from normlab.views.study_bands import series_of

        if not self._bands and self._gathers and self._metrics:
            return GATHERING
        if not self._bands:
            return WAITING if self._begun else NO_POINTS.format(run=key_of(self.app, "study.run", "r"))
        found = PALETTES.get(self.app.theme)
        count = len(found.hues) if found else 8
        ground = found.theme.background if found and found.theme.background else "#000000"
        hues = [(hue := hue_of(self.app.theme, row), _mixed(hue, ground)) for row in range(count)]
        drawing = plot(
            series_of(self._bands, hues, self._seeds),
            width,
            height,
            log=self._log,
            ascii=self._choices.ascii,
        )
        if drawing is None and self._log:
            return NO_LOG.format(log=key_of(self.app, "study.log", "y"))
        return drawing or NO_VALUES

    def _told(self) -> str:
        """Tell how the bands are drawn."""
        if not self._bands:
            return ""
        words = ["line median over seeds"]
        if any(low == low for each in self._bands for low in each.band.low):
            words.append("area its 95 % interval")
        if self._seeds and any(len(each.curves) > 1 for each in self._bands):
            words.append("dots single seeds")
        words.append("log" if self._log else "linear")
        return ", ".join(words) if self._choices.ascii else " · ".join(words)

    def _lines(self) -> Content:
        width = max(self.size.width, 1)
        rows: list[Content] = []
        name = min(max((len(each.cell) for each in self._bands), default=0), max(10, width // 2))
        for each in self._bands:
            drawn, seeds = each.band, len(each.curves)
            last = f"{number(drawn.median[-1], 3)}" if drawn.median else "–"
            ends = (drawn.low[-1], drawn.high[-1]) if drawn.low else (float("nan"),) * 2
            if ends[0] == ends[0]:
                last += f" [{number(ends[0], 3)}, {number(ends[1], 3)}]"
            at = f" at {drawn.x[-1]:,.0f}" if drawn.x else ""
            rows.append(
                Content.assemble(
                    (mark_of(each.hue), hue_of(self.app.theme, each.hue)),
                    " ",
                    Content(self._plain(visible(each.cell, 60))).truncate(name, ellipsis=True, pad=True),
                    self._plain(f"  {last}{at}  {seeds} seed{'s' * (seeds != 1)}"),
                ).truncate(width)
            )
        most = max(1, min(6, self.size.height // 4))
        if len(rows) > most:
            rows = [*rows[: most - 1], Content(f"+{len(rows) - most + 1} more")]
        return Content("\n").join(rows)

    def _plain(self, text: str) -> str:
        return text.translate(ASCII) if self._choices.ascii else text

    def turn(self, by: int) -> None:
        """Bring the next metric (1) or the one before (-1) to the front."""
        if self._metrics:
            row = self._metrics.index(self._metric) if self._metric in self._metrics else 0
            self.post_message(self.Turned(self._metrics[(row + by) % len(self._metrics)]))

    @on(MetricTabs.Picked)
    def _picked(self, event: MetricTabs.Picked) -> None:
        self.post_message(self.Turned(event.tab.metrics[0]))

    def choose(self, what: str) -> None:
        """Turn the logarithmic axis, the single seeds or plain marks on or off."""
        if what == "seeds":
            self._seeds = not self._seeds
            self._show()
        else:
            changed = {what: not getattr(self._choices, what)}
            self.post_message(self.Chosen(self._choices.model_copy(update=changed)))


def _tab(metric: str) -> Tab:
    return Tab("loss", metric.replace("_", " "), (metric,))


def _stamp(each: "CellBand") -> Hashable:
    last = each.band.median[-1] if each.band.median else None
    return each.cell, len(each.curves), sum(len(x) for x, _ in each.curves), last


def _mixed(hue: str, ground: str) -> str:
    pairs = zip(rgb(hue), rgb(ground), strict=True)
    return "#" + "".join(f"{round(FAINT * own + (1 - FAINT) * other):02x}" for own, other in pairs)
