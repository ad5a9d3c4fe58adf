"""The first line of every screen: where one is, where one can go, and how the training stands."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from normlab.core.text import visible
from normlab.tui.session import Session
from normlab.tui.widgets.action import Action
from normlab.views.durations import clock

MODES = (
    ("lab", "Lab", "l"),
    ("study", "Study", "j"),
    ("compare", "Compare", "c"),
    ("kept", "Runs", "k"),
    ("presets", "Presets", "p"),
    ("help", "Help", "?"),
)
"""Name, title and key of each screen."""


class TopBar(Horizontal):
    """Names the screens, the one in front marked, and tells what trains, where and how fast."""

    DEFAULT_CSS = """
    TopBar { height: 1; background: $panel; }
    TopBar > #brand { width: auto; padding: 0 1; color: $accent; text-style: bold; }
    TopBar > #status { width: 1fr; text-align: right; padding: 0 1; color: $secondary; text-wrap: nowrap;
        text-overflow: ellipsis; }
    """

    def __init__(self, session: Session, mode: str) -> None:
        super().__init__()
        self.session, self.mode = session, mode
        self._status = Static("", id="status", markup=False)

    def compose(self) -> ComposeResult:
        yield Static("normlab", id="brand", markup=False)
        for name, title, key in MODES:
            yield Action(title, name, key, f"app.mode('{name}')", active=name == self.mode)
        yield self._status

    def on_mount(self) -> None:
        self.refresh_session()

    def refresh_session(self) -> None:
        """Show how the session stands."""
        said, room = self.status(), self._status.size.width - 2
        while len(said) > 1 and 0 < room < len(" · ".join(said)):
            del said[0]  # the time that is left is what one looks for
        self._status.update(Content(" · ".join(said)), layout=False)  # a new layout costs 20 ms

    def on_resize(self) -> None:
        """Tell as much as there is room for."""
        self.call_after_refresh(self.refresh_session)

    def status(self) -> list[str]:
        """Write how the session stands: what trains and how long it takes yet, or that nothing does."""
        session, run = self.session, self.session.current
        if run is None:
            waiting = f"+{len(session.waiting)} waiting" if session.beside and session.waiting else ""
            said = [waiting, session.beside] if session.beside else [session.note]
            return [part for part in said if part] or [f"device {session.device_in_use}"]
        history = run.history
        said = [history.device or session.device_in_use]
        # Read once each: the thread that trains writes them meanwhile.
        fetching, speed = history.preparing, history.samples_per_second
        if fetching is not None:
            of = f" of {fetching.total_bytes / 1e6:.0f}" if fetching.total_bytes else ""
            said = [f"downloading {visible(fetching.what, 30)}: {fetching.done_bytes / 1e6:.0f}{of} MB"]
        elif not history.num_steps:
            said = [session.note or "preparing"]
        if speed:
            said.append(f"{speed / 1000:,.0f}k/s" if speed >= 1e4 else f"{speed:,.0f}/s")
        if session.paused:
            said.append("paused")
        elif (left := history.seconds_left) is not None:
            said.append(f"{clock(left)} left")
        if session.waiting:
            said.append(f"+{len(session.waiting)}")
        return said
