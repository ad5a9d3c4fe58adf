"""The question before a training is left."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from normlab.tui.screens.dialogs import Confirm


class QuitQuestion(Confirm):
    """Ask whether to stop what trains; asking to quit once more means yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "answer(True)", "Yes", id="dialog.quit", show=False),
    ]

    def __init__(self, what: str = "run") -> None:
        super().__init__(f"A {what} is training. Stop it, keep its weights, and quit?", "Quit")
