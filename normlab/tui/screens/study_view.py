"""What the Study screen shows: the plan, the runs in a grid, their curves as bands, and the verdicts."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content

from normlab.core.text import visible
from normlab.tui.reckoning import Reckoning, Wish
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.study_desk import StudyDesk
from normlab.tui.widgets.action import Action
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.key_line import KeyLine
from normlab.tui.widgets.legend import Lines, number, place
from normlab.tui.widgets.study_bar import StudyBar
from normlab.tui.widgets.study_chart import StudyChart
from normlab.tui.widgets.study_grid import StudyGrid
from normlab.tui.widgets.study_layout import SIGNS, state_of
from normlab.tui.widgets.study_plan import StudyPlan
from normlab.tui.widgets.too_small import TooSmall
from normlab.tui.widgets.verdicts import VerdictPanel
from normlab.views.cells import ASCII

if TYPE_CHECKING:
    from normlab.views.history import History

PANES = (("plan", "Plan", "f"), ("runs", "Runs", "t"), ("bands", "Bands", "g"), ("verdicts", "Verdicts", "v"))
LOOK_SECONDS = 0.25
_UNKNOWN = Reckoning()


class StudyView(ModeScreen):
    """The plan beside runs, bands and verdicts where there is room for all; else one of them at a time."""

    DEFAULT_CSS = """
    StudyView #study-panes { height: 1; background: $surface; display: none; }
    StudyView.-narrow.-tall #study-panes { display: block; }
    StudyView #study { height: 1fr; }
    StudyView StudyPlan { width: 42; height: 1fr; margin-right: 1; }
    StudyView #results { width: 1fr; height: 1fr; }
    StudyView #grid-pane { height: auto; background: $surface; padding: 0 1; }
    StudyView #run, StudyView #signs { height: 1; color: $secondary; text-wrap: nowrap;
        text-overflow: ellipsis; }
    StudyView StudyChart { height: 1fr; min-height: 8; margin-top: 1; }
    StudyView VerdictPanel { margin-top: 1; }
    StudyView #bands-legend { display: none; }
    StudyView.-narrow.bands #bands-legend { display: block; }
    StudyView.-narrow StudyPlan { width: 1fr; margin: 0; }
    StudyView.-narrow StudyChart, StudyView.-narrow VerdictPanel { margin: 0; }
    StudyView.-narrow #study > *, StudyView.-narrow #results > * { display: none; }
    StudyView.-narrow.plan #study > StudyPlan, StudyView.-narrow.runs #results,
    StudyView.-narrow.bands #results, StudyView.-narrow.verdicts #results,
    StudyView.-narrow.runs #grid-pane, StudyView.-narrow.runs #results > StudyChart,
    StudyView.-narrow.bands #results > StudyChart, StudyView.-narrow.verdicts #results > VerdictPanel
        { display: block; }
    """
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "pane('plan')", "Plan", id="study.plan", show=False),
        Binding("t", "pane('runs')", "Runs", id="study.runs", show=False),
        Binding("g", "pane('bands')", "Bands", id="study.bands", show=False),
        Binding("v", "pane('verdicts')", "Verdicts", id="study.verdicts", show=False),
        Binding("m", "turn(1)", "Metric", id="study.next_metric"),
        Binding("M", "turn(-1)", "Metric before", id="study.metric_before", show=False),
        Binding("y", "choose('log')", "Log/linear", id="study.log", show=False),
        Binding("s", "choose('seeds')", "Single seeds", id="study.seeds_shown", show=False),
        Binding("A", "choose('ascii')", "Plain ASCII marks", id="study.ascii", show=False),
    ]

    def __init__(self, desk: StudyDesk) -> None:
        super().__init__(desk.session, "study", classes="plan")
        self.desk, self.bar = desk, StudyBar(desk)
        self.plan, self.grid, self.chart, self.verdicts = (
            StudyPlan(),
            StudyGrid(),
            StudyChart(),
            VerdictPanel(),
        )
        self.metric: str | None = None
        """What curves are drawn of; None where nobody has chosen."""
        self._run, self._signs = Lines(id="run"), Lines(id="signs")
        self._shown: object = None

    def compose(self) -> ComposeResult:
        yield self.top_bar
        yield self.banner
        yield self.bar
        with Horizontal(id="study-panes"):
            for name, title, key in PANES:
                yield Action(title, f"study.{name}", key, f"screen.pane('{name}')")
        with Horizontal(id="study"):
            yield self.plan
            with Vertical(id="results"):
                with Vertical(id="grid-pane"):
                    yield self.grid
                    yield self._run
                    yield self._signs
                yield self.chart
                yield self.verdicts
        yield KeyLine()
        yield TooSmall()

    def on_mount(self) -> None:
        self.set_interval(LOOK_SECONDS, self._look)
        self._show_panes("plan")
        self.plan.focus()

    def on_screen_resume(self) -> None:
        self.desk.look()  # runs may have been made elsewhere
        self._shown = None
        self._look()

    def on_descendant_focus(self) -> None:
        """Note in which part the focus is: that one is shown where there is room for one only."""
        parts = {"plan": self.plan, "runs": self.grid, "bands": self.chart, "verdicts": self.verdicts}
        for name, part in parts.items():
            if part.has_focus_within:
                self._show_panes(name)

    def action_pane(self, name: str) -> None:
        """Go to a part of the screen, which is shown alone where there is no room for all."""
        parts = {"plan": self.plan, "runs": self.grid, "bands": self.chart.canvas, "verdicts": self.verdicts}
        self._show_panes(name)
        self.call_after_refresh(parts[name].focus)

    def _show_panes(self, name: str) -> None:
        for action, (pane, _, _) in zip(self.query("#study-panes > Action"), PANES, strict=True):
            self.set_class(pane == name, pane)
            action.set_class(pane == name, "-active")
        self._shown = None
        self.call_after_refresh(self._look)

    # What is shown.

    def refresh_session(self) -> None:
        """Show what has changed in the session."""
        super().refresh_session()
        self._look()

    def _look(self) -> None:
        """Show what has changed in the study."""
        desk, board = self.desk, self.desk.board
        if not self.is_current or not self.verdicts.is_mounted:
            return
        shown = (
            desk.version, desk.stage, desk.is_due, id(board), board and board.version, self.grid.place,
            self.metric, self.session.choices, self.app.theme, self.size,
        )  # fmt: skip
        if shown != self._shown:
            self._shown = shown
            self._show_study()

    def _show_study(self) -> None:
        desk, board, choices = self.desk, self.desk.board, self.session.choices
        reckoning = desk.reckoning if desk.reckoning.board is board else _UNKNOWN
        self.bar.refresh_study()
        self.plan.show(desk.preset, desk.changes, f"{desk.jobs} at a time")
        metrics, metric = self._metrics()
        self.grid.show(board, reckoning.summaries, metric, choices.ascii)
        wish = None
        if board is not None and (place := self.grid.place) is not None:
            from normlab.views.study_bands import band_axis, neighbours

            wish = Wish(metric, band_axis(board), tuple(neighbours(board, place[0])))
            desk.ask(wish)
        bands = reckoning.bands if reckoning.wish == wish else None  # never another metric's
        self.chart.show(board, metrics, metric, bands, choices)
        missing = board.num_runs - board.num_ended if board else desk.preset.num_runs if desk.preset else 0
        num_runs = board.num_runs if board else missing
        self.verdicts.show(desk.preset, reckoning.verdicts, reckoning.caveats, missing, num_runs)
        self._run.show(self._told().truncate(max(self.grid.size.width, 1), ellipsis=True))
        self._signs.show(self._legend())

    def _metrics(self) -> tuple[list[str], str]:
        """List what curves can be drawn of, and what they are drawn of."""
        if self.desk.board is None:
            return [], self.metric or "val_loss"
        from normlab.views.study_bands import band_metrics

        found: list[str] = list(band_metrics(self.desk.board))
        return found, self.metric if self.metric in found else next(iter(found), "val_loss")

    def _told(self) -> Content:
        """Tell of the run under the cursor."""
        if self.grid.place is None:
            return Content()
        cell, seed = self.grid.place
        history = self.grid.history()
        state = state_of(history)
        color = SIGNS[state][2]
        said = [Content.assemble(visible(cell, 60), f" · seed {seed:,}: ", (state, f"bold ${color}"))]
        if history is not None:
            said += [Content(part) for part in self._values(history)]
        return Content(", ").join(said)

    def _values(self, history: "History") -> list[str]:
        training, metric = history.experiment.training, self._metrics()[1]
        now = f"{history.epoch:,}/{training.epochs:,}"
        if history.unit == "step":
            now = f"{history.step:,}/{history.num_steps:,}"
        said = [f"{history.unit} {now}"]
        if history.last and metric in history.last.metrics:
            said.append(f"{metric} {number(history.last.metrics[metric], 4)}")
        if history.best and history.best != history.last and metric in history.best.metrics:
            said.append(
                f"best {number(history.best.metrics[metric], 4)} at {place(history.place(history.best))}"
            )
        if history.reason:
            said.append(visible(history.reason, 200))
        return said

    def _legend(self) -> Content:
        """Say what the signs in the grid mean, those that stand there."""
        board, ascii = self.desk.board, self.session.choices.ascii
        if board is None:
            return Content()
        states = [state_of(history) for history in list(board.histories.values())]
        if len(states) < board.num_runs:
            states.append("to be made")
        found = [
            Content.assemble((plain if ascii else sign, f"bold ${color}"), f" {state}")
            for state, (sign, plain, color) in SIGNS.items()
            if state in states
        ]
        said = f"curves {self._metrics()[1]}"
        if label := self.grid.label:
            said += f", means {label}"
        found.append(Content(said))
        text = Content("  ").join(found)
        return Content(text.plain.translate(ASCII)) if ascii else text

    # What people ask for.

    def action_turn(self, by: int) -> None:
        """Draw the next metric (1), or the one before (-1)."""
        self.chart.turn(by)

    def action_choose(self, what: str) -> None:
        """Turn the logarithmic axis, the single seeds or plain marks on or off."""
        self.chart.choose(what)

    @on(StudyGrid.Moved)
    def _moved(self) -> None:
        self._look()

    @on(StudyChart.Turned)
    def _turned(self, event: StudyChart.Turned) -> None:
        self.metric = event.metric
        self._look()

    @on(StudyChart.Chosen)
    def _chosen(self, event: StudyChart.Chosen) -> None:
        self.session.choices = event.choices
        self.post_message(ChartPane.Chosen(event.choices))  # kept as those of the other charts
        self._look()
