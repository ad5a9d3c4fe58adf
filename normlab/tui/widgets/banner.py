"""What keeps the training from going on, told on every screen while it lasts."""

from textual.content import Content
from textual.widgets import Static

from normlab.core.text import visible
from normlab.tui.session import Session


class Banner(Static):
    """One line below the first, there only while the run under way is held: by a full disk, say."""

    DEFAULT_CSS = """
    Banner { display: none; height: 1; padding: 0 1; background: $warning; color: $background;
        text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__("", markup=False)
        self._session, self._held = session, None

    def refresh_session(self) -> None:
        """Show what the run waits for, or nothing."""
        run = self._session.current
        # A run that is paused tells nothing more, not even that it could go on.
        held = run.history.held if run is not None and not self._session.paused else None
        if held != self._held:
            self._held = held
            self.display = held is not None
            self.update(Content(f"held: {visible(held or '', 300)}"))
