"""What can be done with a study, and how far it is."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from normlab.core.text import visible
from normlab.tui.study_desk import StudyDesk
from normlab.tui.widgets.action import Action
from normlab.views.durations import clock

_BARS = ((110, 16), (0, 6))
"""From which width of the terminal on the bar has how many cells."""


class StudyBar(Horizontal):
    """Run, pause, stop: to click, or by the key that stands beside each; and what stands in the way."""

    DEFAULT_CSS = """
    StudyBar { height: 1; background: $surface; }
    StudyBar > Action { text-style: bold; color: $success; }
    StudyBar > Action:disabled { text-style: none; color: $secondary 60%; }
    StudyBar > #study-place { width: 1fr; text-align: right; padding: 0 1; text-wrap: nowrap;
        text-overflow: ellipsis; }
    StudyBar > #study-place.wrong { color: $error; }
    """

    def __init__(self, desk: StudyDesk) -> None:
        super().__init__()
        self._desk = desk
        self._start = Action("▶ Run", "study.run", "r", "screen.run_study")
        self._pause = Action("‖ Pause", "study.pause", "space", "screen.pause_study")
        self._stop = Action("■ Stop", "study.stop", "x", "screen.stop_study")
        self._place = Static(id="study-place", markup=False)

    def compose(self) -> ComposeResult:
        yield self._start
        yield self._pause
        yield self._stop
        yield self._place

    def refresh_study(self) -> None:
        """Show what can be done now."""
        desk, board = self._desk, self._desk.board
        complete = board is not None and board.is_complete
        self._start.show("▶ Run", board is not None and not desk.is_busy and not complete)
        self._pause.show(
            "▶ Go on" if desk.stage == "paused" else "‖ Pause", desk.stage in ("running", "paused")
        )
        self._stop.show("■ Stop", desk.is_busy and desk.stage != "ending")
        wrong = bool(desk.trouble) and not desk.is_busy
        self._place.set_class(wrong, "wrong")
        self._place.update(Content(visible(desk.trouble, 300) if wrong else self._told()), layout=False)

    def _told(self) -> str:
        desk, board = self._desk, self._desk.board
        if desk.preset is None:
            return ""
        if board is None:
            return f"{desk.preset.num_runs:,} runs · looking what is made"
        if desk.stage == "waiting":
            session = desk.session
            if session.current is None:
                return "waits for the estimate of its time"
            return f"waits for the run in the Lab{', which is paused' * session.paused}"
        if desk.stage == "ending":
            return "ending: runs are saved"
        if desk.is_busy:
            cells = next(cells for width, cells in _BARS if self.app.size.width >= width)
            filled = min(cells, round(cells * desk.share))
            bar = f"{'━' * filled}{'─' * (cells - filled)}"
            left = desk.seconds_left
            time = "paused" if desk.stage == "paused" else f"{clock(left)} left" if left is not None else ""
            return " · ".join(filter(None, (f"{board.num_ended:,} of {board.num_runs:,} runs", time, bar)))
        if board.is_complete:
            return f"all {board.num_runs:,} runs are made"
        made = f" · {board.num_ended:,} made" if board.num_ended else ""
        seconds = desk.estimate.seconds_with(desk.jobs) if desk.estimate else None
        time = f" · about {clock(seconds)} with {desk.jobs} job{'s' * (desk.jobs > 1)}" if seconds else ""
        return f"{board.num_runs:,} runs{made}{time}"
