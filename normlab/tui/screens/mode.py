"""What the lab's screens have in common."""

from textual.screen import Screen

from normlab.tui.session import Session
from normlab.tui.widgets.banner import Banner
from normlab.tui.widgets.top_bar import TopBar


class ModeScreen(Screen[None]):
    """A screen that one goes to by a key; its first line says how the session stands."""

    def __init__(self, session: Session, mode: str, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.session = session
        self.top_bar, self.banner = TopBar(session, mode), Banner(session)

    def refresh_session(self) -> None:
        """Show what has changed in the session."""
        self.top_bar.refresh_session()
        self.banner.refresh_session()
