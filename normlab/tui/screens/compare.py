"""Compare: the picked runs side by side, what they change and what it did."""

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.lab.settings import label
from normlab.tui.keys import key_of, show_key
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.screens.saving import save_as
from normlab.tui.session import LabRun, Session
from normlab.tui.themes import hue_of
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.comparison_table import Column, ComparisonTable
from normlab.tui.widgets.key_line import KeyLine
from normlab.tui.widgets.too_small import TooSmall
from normlab.views.comparison import Comparison, compare
from normlab.views.comparison_text import to_csv, to_markdown
from normlab.views.history import History
from normlab.views.marks import mark_of

NOTHING = "Nothing to compare yet: run something in the Lab ({lab}), then change one thing and run again."
NONE_PICKED = "No run is picked: pick some in the Lab ({lab})."
ONE = "One run so far: change one thing in the Lab ({lab}) and run again."
ONE_ARM = "One arm so far, mean ± sd: change one thing in the Lab ({lab}) and run again."
ONE_PICKED = "One is picked: pick others in the Lab ({lab}) to compare it with."

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
        Binding("g", "group", "Runs/arms", id="compare.group"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session, "compare", classes="empty")
        self.all_settings = False
        """Whether settings that are equal are shown too."""
        self.grouped = True
        """Whether runs that share everything but the seed are one column."""
        self._several = False

    def compose(self) -> ComposeResult:
        yield self.top_bar
        yield self.banner
        yield ChartPane(self.session)
        yield ComparisonTable()
        yield Static(id="signs")
        yield Static(id="nothing")
        yield KeyLine()
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

    @property
    def arms(self) -> list[list[LabRun]]:
        """The runs of each column, the baseline's first."""
        arms = by_arm(self.runs)
        return arms if self.grouped and _have_seeds(arms) else [[run] for run in self.runs]

    def comparison(self) -> Comparison:
        """Compare runs as the table shows them; the first column is the baseline's."""
        named = [(self._label(arm), [run.history for run in one_a_seed(arm)]) for arm in self.arms]
        return compare(named, self.all_settings, self._repeats())

    def _repeats(self) -> list[History]:
        """The baseline with other seeds, picked or not: what runs with these seeds are compared with."""
        baseline = self.session.baseline
        assert baseline is not None
        same = (run for run in reversed(self.session.runs) if _arm_of(run) == _arm_of(baseline))
        return [run.history for run in same if run.history.last is not None]

    def _label(self, arm: Sequence[LabRun]) -> str:
        first, seeds = arm[0], len(one_a_seed(arm))
        name = self.session.label(first)
        if seeds > 1:
            name = visible(first.name or label(self.session.changes(first)), 60)
        if first is self.session.baseline and name != "baseline":
            name += " (baseline)"
        return name + f" · {seeds} seeds" * (seeds > 1) + " · not drawn" * (not any(r.shown for r in arm))

    def refresh_session(self) -> None:
        """Show what has changed in the session."""
        super().refresh_session()
        self.query_one(ChartPane).refresh_session()
        self._refresh_table()

    def _refresh_table(self) -> None:
        runs = self.runs
        if self._several != (several := _have_seeds(by_arm(runs))):
            self._several = several
            self.refresh_bindings()
        if self.has_class("empty") == bool(runs):
            self.set_class(not runs, "empty")
            self.refresh_bindings()
            if runs and self.is_current:
                self.set_focus(self.query_one(ComparisonTable))
        if not runs:
            begun = any(run.taken for run in self.session.runs)
            self.query_one("#nothing", Static).update(
                Content(self._in_lab(NONE_PICKED if begun else NOTHING))
            )
            return
        arms, comparison = self.arms, self.comparison()
        columns = [Column(self._marks(arm), name) for arm, name in zip(arms, comparison.arms, strict=True)]
        self.query_one(ComparisonTable).show(columns, comparison, self.session.choices.ascii)
        self.query_one("#signs", Static).update(Content(self._signs(len(arms))))

    def _marks(self, arm: Sequence[LabRun]) -> tuple[tuple[str, str], ...]:
        """Give mark and hue of each curve that is drawn of an arm."""
        theme = self.app.theme
        return tuple((mark_of(r.hue), hue_of(theme, r.hue)) for r in arm if r.shown)

    def _signs(self, arms: int) -> str:
        """Say what the table's signs mean, or what is missing for a comparison."""
        runs = self.runs
        if arms > 1:
            seeds = len({run.experiment.seed for run in runs})
            return self.query_one(ComparisonTable).signs(seeds > 1, arms < len(runs))
        if any(run.taken and run not in runs for run in self.session.runs):
            return self._in_lab(ONE_PICKED)
        return self._in_lab(ONE if len(runs) == 1 else ONE_ARM)

    def _in_lab(self, text: str) -> str:
        return text.format(lab=key_of(self.app, "lab", "l"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer this screen's keys where there is something to compare."""
        if action == "group":
            return self._several
        if action in ("all_settings", "copy", "export") and self.has_class("empty"):
            return None
        return super().check_action(action, parameters)

    def action_group(self) -> None:
        """Show arms, each over its seeds, or every run."""
        self.grouped = not self.grouped
        self._refresh_table()

    def action_all_settings(self) -> None:
        """Show the settings that are equal, or fold them away."""
        self.all_settings = not self.all_settings
        self._refresh_table()

    def action_copy(self) -> None:
        """Copy the table as Markdown."""
        self.app.copy_to_clipboard(to_markdown(self.comparison()))
        keys = [key for key, found in self.active_bindings.items() if found.binding.action == "export"]
        export = show_key(keys[0]) if keys else "the export"  # whose key may be the table's own
        why = f"Copied as Markdown. Some terminals block that; {export} writes a file."
        self.notify(why, markup=False)

    @work
    async def action_export(self) -> None:
        """Write the table to a file."""
        await save_as(
            self.app,
            "Export to (.md is Markdown, .csv is CSV)",
            "comparison.md",
            lambda path: WRITERS[path.suffix.lower()](self.comparison()),
            WRITERS,
        )


def by_arm(runs: Sequence[LabRun]) -> list[list[LabRun]]:
    """Gather the runs that share everything but the seed, in their order."""
    arms: dict[Experiment, list[LabRun]] = {}
    for run in runs:
        arms.setdefault(_arm_of(run), []).append(run)
    return list(arms.values())


def one_a_seed(arm: Sequence[LabRun]) -> list[LabRun]:
    """Keep the last run of each seed, and the first one of all, which may be the baseline."""
    found: dict[int, LabRun] = {}
    for run in arm:
        if found.get(run.experiment.seed) is not arm[0]:
            found[run.experiment.seed] = run
    return list(found.values())


def _have_seeds(arms: Sequence[Sequence[LabRun]]) -> bool:
    return any(len(one_a_seed(arm)) > 1 for arm in arms)


def _arm_of(run: LabRun) -> Experiment:
    return run.experiment.model_copy(update={"seed": 0})
