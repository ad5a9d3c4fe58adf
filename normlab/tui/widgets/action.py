"""Something to click, with the key that does the same."""

from textual.content import Content
from textual.widgets import Static


class Action(Static):
    """A title and a key; a click runs the action that the key runs."""

    DEFAULT_CSS = """
    Action { width: auto; height: 1; padding: 0 1; }
    Action:hover { background: $primary 25%; }
    Action.-active { background: $primary; color: $background; text-style: bold; }
    Action:disabled { color: $secondary 60%; }
    """

    def __init__(self, title: str, key: str, action: str, active: bool = False) -> None:
        super().__init__(self._write(title, key), classes="-active" if active else "")
        self._key, self._action = key, action

    @staticmethod
    def _write(title: str, key: str) -> Content:
        return Content.assemble(title, " ", (key, "dim"))

    def show(self, title: str, enabled: bool) -> None:
        """Give it another title, and say whether it can be done now."""
        self.update(self._write(title, self._key))
        self.disabled = not enabled

    async def on_click(self) -> None:
        await self.run_action(self._action)
