"""Compare: the picked runs side by side, what they change and what it did."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Footer, Static

from normlab.tui.keys import show_key
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.screens.saving import save_as
from normlab.tui.session import LabRun, Session
from normlab.tui.themes import MARKS, hue_of
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.comparison_table import Column, ComparisonTable
from normlab.tui.widgets.too_small import TooSmall
from normlab.views.comparison import Comparison, compare
from normlab.views.comparison_text import to_csv, to_markdown
from normlab.views.curves import ChartChoices

NOTHING = "Nothing to compare yet: run something in the Lab (l), then change one thing and run again."
NONE_PICKED = "No run is picked: pick some in the Lab (l)."
ONE = "One run so far: change one thing in the Lab (l) and run again."

WRITERS = {".md": to_markdown, ".csv": to_csv}
"""What writes a comparison, by the ending of a file's name."""


class CompareScreen(ModeScreen):
    """Curves above; below, settings that differ, and results with their difference to the baseline."""

    CSS = """
    CompareScreen ChartPane { height: 1fr; min-height: 8; }
    CompareScreen ChartPane #legend { display: none; }
    CompareScreen ComparisonTable { height: auto; max-height: 50%; margin: 0 1; }
    CompareScreen #signs { height: 1; padding: 0 1; color: $secondary; }
    CompareScreen #nothing { display: none; height: 1fr; content-align: center middle; text-align: center;
        color: $secondary; padding: 0 4; }
    CompareScreen.empty ChartPane, CompareScreen.empty ComparisonTable, CompareScreen.empty #signs
        { display: none; }
    CompareScreen.empty #nothing { display: block; }
    """
    AUTO_FOCUS = "ComparisonTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "all_settings", "All settings", id="compare.all_settings"),
        Binding("C", "copy", "Copy as Markdown", id="compare.copy"),
        Binding("w", "export", "Export", id="compare.export"),
    ]

    def __init__(self, session: Session, choices: ChartChoices) -> None:
        super().__init__(session, "compare", classes="empty")
        self._choices = choices
        self.all_settings = False
        """Whether settings that are equal are shown too."""

    def compose(self) -> ComposeResult:
        yield self.top_bar
        yield ChartPane(self.session, self._choices)
        yield ComparisonTable(self._choices.ascii)
        yield Static(id="signs")
        yield Static(id="nothing")
        yield Footer(show_command_palette=False)
        yield TooSmall()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._refresh_table())
        self.refresh_session()

    @property
    def runs(self) -> list[LabRun]:
        """The runs that are compared: the baseline, picked or not, then the others that are picked."""
        drawn, baseline = self.session.drawn, self.session.baseline
        if not drawn or baseline is None:
            return []
        return [baseline, *(run for run in drawn if run is not baseline)]

    def comparison(self, runs: list[LabRun]) -> Comparison:
        """Compare runs as the table shows them; the first one is the baseline."""
        named = [(self._label(run), [run.history]) for run in runs]
        return compare(named, self.all_settings)

    def _label(self, run: LabRun) -> str:
        label = self.session.label(run)
        return f"{label} (baseline)" if run is self.session.baseline and label != "baseline" else label

    def refresh_session(self) -> None:
        """Show what has changed in the session."""
        super().refresh_session()
        self.query_one(ChartPane).refresh_session()
        self._refresh_table()

    def _refresh_table(self) -> None:
        runs = self.runs
        if self.has_class("empty") == bool(runs):
            self.set_class(not runs, "empty")
            self.refresh_bindings()
            if runs and self.is_current:
                self.set_focus(self.query_one(ComparisonTable))
        if not runs:
            begun = any(run.taken for run in self.session.runs)
            self.query_one("#nothing", Static).update(Content(NONE_PICKED if begun else NOTHING))
            return
        columns = [
            Column(MARKS[run.hue % len(MARKS)], hue_of(self.app.theme, run.hue), self._label(run))
            for run in runs
        ]
        table = self.query_one(ComparisonTable)
        table.show(columns, self.comparison(runs))
        self.query_one("#signs", Static).update(Content(table.signs if len(runs) > 1 else ONE))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer this screen's keys where there is something to compare."""
        if action in ("all_settings", "copy", "export") and self.has_class("empty"):
            return None
        return super().check_action(action, parameters)

    def action_all_settings(self) -> None:
        """Show the settings that are equal, or fold them away."""
        self.all_settings = not self.all_settings
        self._refresh_table()

    def action_copy(self) -> None:
        """Copy the table as Markdown."""
        self.app.copy_to_clipboard(to_markdown(self.comparison(self.runs)))
        keys = [key for key, found in self.active_bindings.items() if found.binding.action == "export"]
        why = f"Copied as Markdown. Some terminals block that; {show_key(keys[0])} writes a file."
        self.notify(why, markup=False)

    @work
    async def action_export(self) -> None:
        """Write the table to a file."""
        await save_as(
            self.app,
            "Export to (.md is Markdown, .csv is CSV)",
            "comparison.md",
            lambda path: WRITERS[path.suffix.lower()](self.comparison(self.runs)),
            WRITERS,
        )
