"""The part of the charts that is drawn: a chart kept as lines, with a cursor laid over it."""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from normlab.core.text import visible
from normlab.views.chart import Drawing


@dataclass(frozen=True)
class Scene:
    """What is to be seen, and how to draw it."""

    data: Hashable
    """Changes with the data."""
    view: Hashable
    """Changes with what somebody asks for."""
    build: Callable[[int, int], Drawing | str]
    """Draw it so many columns by rows large; a sentence where there is nothing to draw."""
    ascii: bool = False


class ChartCanvas(Widget, can_focus=True):
    """Draws a scene when it is seen and has changed, four times a second at most."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ChartCanvas {
        height: 1fr; min-height: 5; color: $secondary;
        &:focus { color: $foreground; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chart-canvas--cursor"}

    class Pointed(Message):
        """Somebody has clicked at a place of the chart."""

        def __init__(self, x: float) -> None:
            super().__init__()
            self.x = x

    def __init__(self) -> None:
        super().__init__()
        self.drawing = Drawing(())
        self.num_builds = 0
        """Drawings made since the start: for tests and the benchmark."""
        self._scene = Scene(None, None, lambda _width, _height: "")
        self._cursor: float | None = None
        self._key: tuple[Hashable, Hashable] | None = None
        self._strips: Sequence[Strip] = ()
        self._built: deque[float] = deque(maxlen=4)
        self._waits = False

    def show(self, scene: Scene) -> None:
        """Show a scene; nothing is drawn where it is the one that stands."""
        self._scene = scene
        if self._key != self._wanted:
            self.refresh()

    def point(self, x: float | None) -> None:
        """Put the cursor at a place, or take it away: the drawing stays."""
        if x != self._cursor:
            self._cursor = x
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there."""
        offset = event.get_content_offset(self)
        if offset is not None and self.drawing.width:
            self.post_message(self.Pointed(self.drawing.x_at(offset.x)))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw anew where something has changed; so nothing is drawn that nobody sees."""
        self._settle()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Give one line of the drawing, with the cursor on it."""
        width = self.size.width
        strip = self._strips[y].adjust_cell_length(width) if y < len(self._strips) else Strip.blank(width)
        drawing, cursor = self.drawing, self._cursor
        if (
            cursor is not None
            and drawing.width
            and self._on_canvas(y)
            and drawing.low <= cursor <= drawing.high
        ):
            strip = self._with_cursor(strip, drawing.column(cursor))
        return strip.apply_style(self.rich_style)

    def _on_canvas(self, y: int) -> bool:
        return y < len(self.drawing.lines) - 2  # above the axis and its labels

    def _with_cursor(self, strip: Strip, column: int) -> Strip:
        cell = strip.crop(column, column + 1)
        style = self.get_component_rich_style("chart-canvas--cursor", partial=True)
        if cell.text.strip():
            cell = cell.apply_style(Style(reverse=True))
        else:
            cell = Strip([Segment("|" if self._scene.ascii else "│", style)])
        return Strip.join([strip.crop(0, column), cell, strip.crop(column + 1)])

    @property
    def _wanted(self) -> tuple[Hashable, Hashable]:
        return self._scene.data, (self._scene.view, self.size)

    def _settle(self) -> None:
        size, key = self.size, self._wanted
        if key == self._key or not size:
            return
        asked = self._key is None or key[1] != self._key[1]
        now = monotonic()
        if (wait := self._ready(asked) - now) > 0:
            if not self._waits:
                self._waits = True
                self.set_timer(wait, self._wake)
            return
        try:
            built = self._scene.build(size.width, size.height)
        except Exception as error:  # a chart must not end a training
            built = visible(f"The chart can't be drawn: {type(error).__name__}: {error}", 400)
        if isinstance(built, str):
            self.drawing = Drawing(())
            self._strips = self._sentence(built)
        else:
            self.drawing = built
            self._strips = [self._strip(Text.from_ansi(line)) for line in built.lines]
            self.num_builds += 1
            self._built.append(monotonic())
        self._key = key

    def _ready(self, asked: bool) -> float:
        """Tell when a drawing may next be made: four a second, of which new data takes two."""
        if not self._built:
            return 0.0
        free = self._built[0] + 1.0 if len(self._built) == self._built.maxlen else 0.0
        return free if asked else max(free, self._built[-1] + 0.5)

    def _wake(self) -> None:
        self._waits = False
        self.refresh()

    def _sentence(self, text: str) -> list[Strip]:
        width, height = self.size
        lines = Text(text, justify="center").wrap(self.app.console, max(width - 4, 1))
        blank = [Strip.blank(width)] * max((height - len(lines)) // 2, 0)
        return [*blank, *(self._strip(Text(line.plain.strip().center(width))) for line in lines)]

    def _strip(self, text: Text) -> Strip:
        text.end = ""
        return Strip(text.render(self.app.console))
