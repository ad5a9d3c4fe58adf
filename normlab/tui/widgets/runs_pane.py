"""The runs, and beneath them why the one under the cursor ended as it did."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import DataTable, Static

from normlab.core.text import visible
from normlab.tui.keys import key_of
from normlab.tui.session import Session
from normlab.tui.widgets.runs_table import RunsTable


class RunsPane(Vertical):
    """A table of runs with a line that explains."""

    DEFAULT_CSS = """
    RunsPane > RunsTable { height: 1fr; }
    RunsPane > Static { height: auto; max-height: 3; padding: 0 1; color: $warning; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.table = RunsTable(session)
        self._why = Static("", markup=False)
        self._said = ""

    def compose(self) -> ComposeResult:
        yield self.table
        yield self._why

    def focus_last(self) -> None:
        """Give the keys to the table."""
        self.table.focus()

    @on(DataTable.RowHighlighted)
    def refresh_session(self) -> None:
        """Bring the rows and the line up to date."""
        self.table.refresh_session()
        run = self.table.chosen
        said = "" if self.table.session.runs else "No runs yet."
        if run is not None:
            history = run.history
            why = history.reason or next(iter(history.warnings), "")
            said = visible(why.splitlines()[0], 300) if why else ""
            if run.trace is not None:
                said += f" ({key_of(self.app, 'runs.read', 'i')} shows the trace)"
        if said != self._said:
            self._said = said
            self._why.display = bool(said)
            self._why.update(Content(said))
