"""The charts: tabs of metrics, the chart under a cursor, one row of readings, a legend."""

from collections.abc import Hashable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.theme import Theme
from textual.widget import Widget

from normlab.tui.keys import key_of
from normlab.tui.session import LabRun, Session
from normlab.tui.themes import hue_of
from normlab.tui.widgets.chart_canvas import ChartCanvas, Scene
from normlab.tui.widgets.legend import LegendLine, Lines, legend, manner, reading
from normlab.tui.widgets.metric_tabs import MetricTabs
from normlab.tui.widgets.pictures import Pictures
from normlab.views.cells import ASCII
from normlab.views.chart import Drawing
from normlab.views.curves import (
    LOSS,
    SMOOTHINGS,
    ChartChoices,
    RunCurves,
    collect,
    draw_curves,
    next_axis,
    places,
    resolve_axis,
    tabs,
)
from normlab.views.history import Axis
from normlab.views.marks import mark_of
from normlab.views.viewport import Viewport

READING_LINES = 2
LEGEND_LINES = 6

NO_RUNS = "No curves yet. Press {run} to train what the form says."
NONE_PICKED = "No run is picked. Pick some in the list of runs."
NO_POINTS = "Waiting for the first evaluation."
NO_VALUES = "No finite values to draw here."
NO_LOG = "Nothing to draw on a logarithmic axis. Press {log} for a linear one."


class ChartPane(Widget):
    """Curves of the picked runs."""

    DEFAULT_CSS = """
    ChartPane {
        layout: vertical;
        & > #reading { height: auto; min-height: 1; color: $secondary; }
        & > #legend { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "turn_tab(1)", "Metric", id="charts.next_tab"),
        Binding("M", "turn_tab(-1)", "Metric before", id="charts.previous_tab", show=False),
        Binding("y", "log", "Log/linear", id="charts.log"),
        Binding("s", "smooth", "Smoothing", id="charts.smooth"),
        Binding("a", "axis", "Epochs/steps/seconds", id="charts.axis"),
        Binding("z", "zoom(0.5)", "Zoom", id="charts.zoom_in"),
        Binding("Z", "zoom(2)", "Zoom out", id="charts.zoom_out", show=False),
        Binding("A", "ascii", "Plain ASCII marks", id="charts.ascii", show=False),
        Binding("left", "step(-1)", "Cursor back, or the picture before", id="charts.left", show=False),
        Binding("right", "step(1)", "Cursor on, or the next picture", id="charts.right", show=False),
        Binding("home", "edge(0)", "Cursor to the start", id="charts.home", show=False),
        Binding("end", "edge(-1)", "Cursor to the end", id="charts.end", show=False),
        Binding("escape", "hide_cursor", "Hide the cursor", id="charts.hide_cursor", show=False),
        Binding("shift+left,comma", "pan(-0.25)", "Look further back", id="charts.pan_left", show=False),
        Binding("shift+right,full_stop", "pan(0.25)", "Look further on", id="charts.pan_right", show=False),
    ]

    class Chosen(Message):
        """Somebody likes the charts otherwise now."""

        def __init__(self, choices: ChartChoices) -> None:
            super().__init__()
            self.choices = choices

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.viewport = Viewport()
        self.pictures = Pictures(session)
        self.canvas = ChartCanvas()
        """The drawn part."""
        self._bar, self._reading, self._legend = MetricTabs(), Lines(id="reading"), Lines(id="legend")
        self._tabs = [LOSS]
        self._tab = LOSS
        self._axis: Axis = "epoch"
        self._gathered: dict[str, tuple[Hashable, RunCurves]] = {}
        self._lines: dict[str, LegendLine] = {}

    def compose(self) -> ComposeResult:
        """Stack tabs, canvas, readings and legend."""
        yield self._bar
        yield self.canvas
        yield self._reading
        yield self._legend

    def on_mount(self) -> None:
        """Show what there is, and follow the theme."""
        self.app.theme_changed_signal.subscribe(self, self._on_theme)
        self.refresh_session()

    def _on_theme(self, _theme: Theme) -> None:
        self.refresh_session()

    def on_resize(self, _event: Resize) -> None:
        """Fit the text to the new width."""
        self.refresh_session()

    def focus_last(self) -> None:
        """Give the keys to the chart."""
        self.canvas.focus()

    @property
    def choices(self) -> ChartChoices:
        """How somebody likes the charts; every pane of the session shows the same."""
        return self.session.choices

    # What is shown.

    def refresh_session(self) -> None:
        """Follow the session; curves are gathered, and drawn, only where a drawn run has a new point."""
        if not self.is_mounted:
            return
        drawn = self.session.drawn
        histories = [run.history for run in drawn]
        self._tabs = tabs(histories)
        self._tab = next((tab for tab in self._tabs if tab.key == self.choices.metric), LOSS)
        axis = resolve_axis(self.choices, histories)
        if axis != self._axis:
            self._axis = axis
            self.viewport.reset()
        gathered = {run.id: self._gather(run) for run in drawn}
        if list(gathered.values()) != list(self._gathered.values()):
            self.viewport.follow(places([curves for _, curves in gathered.values()]))
        self._gathered = gathered
        self._lines = {run.id: self._line(run, gathered[run.id][1]) for run in drawn}
        self._show()

    def _gather(self, run: LabRun) -> tuple[Hashable, RunCurves]:
        history, theme = run.history, self.app.theme
        key = (len(history.points), history.outcome, self._tab, self._axis, theme)
        before = self._gathered.get(run.id)
        if before and before[0] == key:
            return before
        return key, collect(history, self._tab, self._axis, hue_of(theme, run.hue), mark_of(run.hue))

    def _line(self, run: LabRun, curves: RunCurves) -> LegendLine:
        state = self.session.state(run).replace("_", " ")
        return LegendLine(self._plain(self.session.label(run)), curves, state)

    def _plain(self, text: str) -> str:
        return text.translate(ASCII) if self.choices.ascii else text

    def _show(self) -> None:
        view: Hashable = (self._tab, self.choices, self.viewport.span, self.viewport.end, self.app.theme)
        picture = self.pictures.shown if self._tab.key == "picture" else None
        if picture is not None and picture.id in self._lines:
            scene = self.pictures.scene(picture, view, self.app)
        else:
            picture = None
            data = (self._nothing(), *((name, key) for name, (key, _) in self._gathered.items()))
            scene = Scene(data, view, self._build_curves, self.choices.ascii)
        self._bar.show(self._tabs, self._tab)
        self.canvas.show(scene)
        self.canvas.point(None if picture else self.viewport.cursor)
        text, under = self._texts(picture)
        self._reading.show(text)
        self._legend.show(under)

    def _texts(self, picture: LabRun | None) -> tuple[Content, Content]:
        """Write the row of readings, and the legend."""
        width, lines = self.size.width, list(self._lines.values())
        if picture is not None:
            line = self._lines[picture.id]
            whose = f" {line.label}, epoch {picture.history.probed.epoch}" if picture.history.probed else ""
            mark = (line.curves.mark, line.curves.color)
            return Content.assemble(mark, whose).truncate(width, ellipsis=True), Content()
        if not lines:
            return Content(), Content()
        if self.viewport.cursor is None:
            text = Content(manner(lines, self._tab, self.choices, self._axis, self.viewport))
            text = text.truncate(width, ellipsis=True)
        else:
            text = reading(lines, self._axis, self.viewport.cursor, width, READING_LINES)
        height = max(1, min(LEGEND_LINES, self.size.height // 4))
        return text, legend(lines, width, height, self.choices.ascii)

    def _nothing(self) -> str:
        """Tell why there are no curves, where there are none."""
        if not self.session.runs:
            return NO_RUNS.format(run=key_of(self.app, "run", "r"))
        if not any(run.shown for run in self.session.runs):
            return NONE_PICKED
        return NO_VALUES if self._lines and all(run.finished for run in self.session.drawn) else NO_POINTS

    # Drawing, asked for by the canvas where it is seen.

    def _build_curves(self, width: int, height: int) -> Drawing | str:
        if not self.viewport.places:
            return self._nothing()
        runs = [curves for _, curves in self._gathered.values()]
        window = self.viewport.window
        drawing = draw_curves(runs, self._tab, self.choices, self._axis, width, height, window)
        if drawing is None and self.choices.log and self._tab.scaled:
            return NO_LOG.format(log=key_of(self.app, "charts.log", "y"))
        return drawing or NO_VALUES

    # What people ask for.

    def choose(self, **changes: object) -> None:
        """Draw otherwise from now on, and say so."""
        self.session.choices = self.choices.model_copy(update=changes)
        self.session.touch()
        self.post_message(self.Chosen(self.choices))
        self.refresh_session()

    def action_turn_tab(self, by: int) -> None:
        """Bring the next tab (1) or the one before (-1) to the front."""
        row = self._tabs.index(self._tab) + by
        self.choose(metric=self._tabs[row % len(self._tabs)].key)

    @on(MetricTabs.Picked)
    def _picked(self, event: MetricTabs.Picked) -> None:
        self.choose(metric=event.tab.key)

    def action_ascii(self) -> None:
        """Draw with characters that every font has, or finer again."""
        self.choose(ascii=not self.choices.ascii)

    def action_log(self) -> None:
        """Scale the values by log10, or not."""
        if self._tab.scaled:
            self.choose(log=not self.choices.log)

    def action_smooth(self) -> None:
        """Smooth training curves more, or not at all."""
        higher = [factor for factor in SMOOTHINGS if factor > self.choices.smoothing]
        self.choose(smoothing=higher[0] if higher else SMOOTHINGS[0])

    def action_axis(self) -> None:
        """Let curves run over what training is counted in, or over one of the others."""
        self.choose(axis=next_axis(self.choices, [run.history for run in self.session.drawn]))

    def action_zoom(self, factor: float) -> None:
        """Draw a shorter or a longer stretch, around the cursor or up to the end."""
        self.viewport.zoom(factor)
        self._show()

    def action_pan(self, share: float) -> None:
        """Move the stretch that is drawn."""
        self.viewport.pan(share)
        self._show()

    def action_step(self, by: int) -> None:
        """Move the cursor, or show the next run's picture."""
        if self._tab.key == "picture" and self.pictures.shown is not None:
            self.pictures.step(by)
        else:
            self.viewport.step(by, self.canvas.drawing.column)
        self._show()

    def action_edge(self, end: int) -> None:
        """Move the cursor to the first or the last point that is drawn."""
        self.viewport.edge(end)
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave escape to who is around where there is no cursor to hide."""
        return action != "hide_cursor" or self.viewport.cursor is not None

    def action_hide_cursor(self) -> None:
        """Take the cursor away."""
        self.viewport.cursor = None
        self._show()

    @on(ChartCanvas.Pointed)
    def _pointed(self, event: ChartCanvas.Pointed) -> None:
        self.viewport.put(event.x)
        self._show()
