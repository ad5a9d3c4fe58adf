"""A line of a dialog that holds one of several choices."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from normlab.core.text import visible

LABEL_WIDTH = 12


class ChoiceRow(Widget, can_focus=True):
    """A label, and a choice that left and right step through; it wraps at the ends."""

    DEFAULT_CSS = """
    ChoiceRow { height: 1; width: 1fr; }
    ChoiceRow:focus { background: $primary 25%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Choice before", id="dialog.less", show=False),
        Binding("right,space", "step(1)", "Next choice", id="dialog.more", show=False),
        Binding("up", "app.focus_previous", "Line above", id="dialog.row_up", show=False),
        Binding("down,enter", "app.focus_next", "Line below", id="dialog.row_down", show=False),
    ]

    class Changed(Message):
        """Another choice is made."""

    def __init__(self, label: str, choices: Sequence[str], value: str, id: str) -> None:
        super().__init__(id=id)
        self._label, self.choices = label, list(choices)
        self.value = value if value in self.choices else next(iter(self.choices), "")
        """The choice."""

    def render(self) -> Content:
        """Write label and choice."""
        place = f"  {self.choices.index(self.value) + 1} of {len(self.choices)}" if self.has_focus else ""
        return Content.assemble(
            (f"{self._label:{LABEL_WIDTH}}", "$secondary"),
            ("‹ ", "$primary"),
            visible(self.value, 50),
            (" ›", "$primary"),
            (place, "$secondary dim"),
        )

    def action_step(self, by: int) -> None:
        """Make another choice."""
        if self.choices:
            self.value = self.choices[(self.choices.index(self.value) + by) % len(self.choices)]
            self.refresh()
            self.post_message(self.Changed())

    def on_click(self) -> None:
        """Make the next choice."""
        self.action_step(1)
