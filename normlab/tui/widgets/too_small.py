"""What a terminal too small for the lab shows."""

from typing import ClassVar

from textual.content import Content
from textual.widgets import Static


class TooSmall(Static):
    """Says that the terminal is too small; training goes on behind it."""

    # The breakpoints' classes are the screen's.
    SCOPED_CSS: ClassVar[bool] = False
    DEFAULT_CSS = """
    TooSmall { display: none; width: 100%; height: 100%; content-align: center middle; text-align: center; }
    Screen.-tiny > *, Screen.-flat > * { display: none; }
    Screen.-tiny > TooSmall, Screen.-flat > TooSmall { display: block; }
    """

    def render(self) -> Content:
        width, height = self.app.size
        return Content(f"too small: {width} x {height}\nthe lab needs 80 x 22\ntraining goes on")
