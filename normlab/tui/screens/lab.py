"""The lab itself: the form, the charts and this session's runs."""

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical

from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.core.text import hidden_characters, visible
from normlab.tui.keys import key_of
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.screens.read import Read
from normlab.tui.session import LabRun
from normlab.tui.widgets.action import Action
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.field_help import FieldHelp
from normlab.tui.widgets.form import ExperimentForm
from normlab.tui.widgets.key_line import KeyLine
from normlab.tui.widgets.run_bar import RunBar
from normlab.tui.widgets.runs_pane import RunsPane
from normlab.tui.widgets.runs_table import RunsTable
from normlab.tui.widgets.summary import ModelSummary
from normlab.tui.widgets.too_small import TooSmall
from normlab.tui.workbench import Workbench

PANES = (("form", "Form", "f"), ("charts", "Charts", "g"), ("runs", "Runs", "t"))


class LabScreen(ModeScreen):
    """Form, charts and runs: side by side where there is room, else one at a time."""

    CSS = """
    LabScreen #panes { height: 1; background: $surface; display: none; }
    LabScreen.-narrow.-tall #panes { display: block; }
    LabScreen #body { height: 1fr; layout: grid; grid-size: 2 2; grid-columns: 44 1fr; grid-rows: 1fr 9;
        grid-gutter: 0 1; }
    LabScreen #form-pane { row-span: 2; height: 100%; }
    LabScreen ExperimentForm { height: 1fr; }
    LabScreen.-narrow #body { layout: vertical; }
    LabScreen.-narrow #body > * { display: none; height: 1fr; }
    LabScreen.-narrow.form #body > #form-pane, LabScreen.-narrow.charts #body > ChartPane,
    LabScreen.-narrow.runs #body > RunsPane
        { display: block; }
    """
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "pane('form')", "Form", id="lab.form", show=False),
        Binding("g", "pane('charts')", "Charts", id="lab.charts", show=False),
        Binding("t", "pane('runs')", "Runs", id="lab.runs", show=False),
    ]

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench.session, "lab", classes="form")
        self.bench, self.run_bar = bench, RunBar(bench)
        self.form, self.summary = ExperimentForm(bench.draft), ModelSummary()
        self.charts, self.runs = ChartPane(bench.session), RunsPane(bench.session)

    def compose(self) -> ComposeResult:
        yield self.top_bar
        yield self.banner
        yield self.run_bar
        with Horizontal(id="panes"):
            for name, title, key in PANES:
                yield Action(title, f"lab.{name}", key, f"screen.pane('{name}')")
        with Container(id="body"):
            with Vertical(id="form-pane"):
                yield self.form
                yield FieldHelp(self.form)
                yield self.summary
            yield self.charts
            yield self.runs
        yield KeyLine()
        yield TooSmall()

    def on_mount(self) -> None:
        self._show_panes("form")
        self.form.focus_row("model.norm.kind")  # what people most often change

    def on_descendant_focus(self) -> None:
        """Note in which part the focus is: that one is shown where there is room for one only."""
        for name, part in (("form", self.form), ("charts", self.charts), ("runs", self.runs)):
            if part.has_focus_within:
                self._show_panes(name)

    def action_pane(self, name: str) -> None:
        """Go to a part of the screen, which is shown alone where there is no room for all."""
        self.set_focus(None)  # else hiding what has the focus moves it, and the form's row is lost
        self._show_panes(name)
        focus = {
            "form": self.form.focus_last,
            "charts": self.charts.focus_last,
            "runs": self.runs.table.focus,
        }
        self.call_after_refresh(focus[name])
        self.call_after_refresh(self.refresh_session)

    def _show_panes(self, name: str) -> None:
        for action, (pane, _, _) in zip(self.query("#panes > Action"), PANES, strict=True):
            self.set_class(pane == name, pane)
            action.set_class(pane == name, "-active")

    def refresh_session(self) -> None:
        """Show what has changed in the session."""
        super().refresh_session()
        if self.bench.follow():
            self.refresh_form()
        for part in (self.run_bar, self.runs, self.charts):
            if part.display:  # what another pane hides is brought up to date when it is shown
                part.refresh_session()

    def show_refusal(self) -> None:
        """Go to the setting that keeps the experiment from running."""
        if (refusal := self.bench.refusal()) is not None:
            path = next((p for p in (refusal.path, f"{refusal.path}.kind") if p in self.form.rows), None)
            if path is not None:
                self.form.last = path
                self.action_pane("form")

    def refresh_form(self) -> None:
        """Show a draft that was changed from elsewhere."""
        if self.form.is_mounted:
            self.form.refresh_form()
            self.run_bar.refresh_session()

    @on(ExperimentForm.Edited)
    def _edited(self) -> None:
        self.run_bar.refresh_session()

    @on(ExperimentForm.Checked)
    def _checked(self, event: ExperimentForm.Checked) -> None:
        self.summary.show(event.summary)
        self.run_bar.refresh_session()

    @on(RunsTable.Asked)
    def _asked(self, event: RunsTable.Asked) -> None:
        match event.what:
            case "show":
                self._show(event.run)
            case "pin":
                self._pin(event.run)
            case "fork":
                self._fork(event.run)
            case "rename":
                self._rename(event.run)
            case "drop":
                self._drop(event.run)
            case "read":
                self._read(event.run)

    def _show(self, run: LabRun) -> None:
        run.shown = not run.shown
        self._changed()

    def _changed(self) -> None:
        self.session.touch()
        self.refresh_session()

    def _pin(self, run: LabRun) -> None:
        self.session.pin(run)
        self._changed()

    def _fork(self, run: LabRun) -> None:
        self.bench.fork(run.experiment)
        self.refresh_form()
        self.action_pane("form")

    @work
    async def _rename(self, run: LabRun) -> None:
        title = "Name of this run; leave it empty for what it changes"
        name = await self.app.push_screen_wait(Ask(title, visible(run.name or ""), check_name))
        if name is None:
            return
        try:
            await asyncio.to_thread(self.bench.name_run, run.id, name.strip() or None)
        except NormlabError as error:
            self.notify(f"the name isn't kept: {error}", severity="warning", markup=False)
        self._changed()

    @work
    async def _drop(self, run: LabRun) -> None:
        session = self.session
        if run is session.current:
            stop = key_of(self.app, "stop", "x")
            self.notify(f"It trains: stop it first ({stop}).", severity="warning", markup=False)
            return
        runs = key_of(self.app, "kept", "k")
        question = f"Drop “{session.label(run)}” from this list? It stays among all runs ({runs})."
        if not run.taken or await self.app.push_screen_wait(Confirm(question, "Drop")):
            session.drop(run)
            self._changed()

    def _read(self, run: LabRun) -> None:
        session, history = self.session, run.history
        said = [f"{session.label(run)}: {session.state(run)}", history.reason or ""]
        said += [f"warning: {warning}" for warning in history.warnings]
        said += ["", *(f"{visible(str(change), 200)}" for change in session.changes(run))]
        said += ["", f"folder: {places.runs() / run.id}", "", run.trace or ""]
        text = "\n".join(said).strip()
        self.app.push_screen(Read(f"Run {run.id}", text, places.runs() / run.id / "details.txt"))


def check_name(text: str) -> str | None:
    """Say what is wrong with a run's name; None where it will do."""
    if len(text) > 80:
        return "A name has at most 80 characters."
    if found := hidden_characters(text):
        return f"A name can't hold the invisible character {found[0]}."
    return None
