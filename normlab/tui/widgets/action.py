"""Something to click, with the key that does the same."""

from textual.content import Content
from textual.widgets import Static

from normlab.tui.keys import key_of


class Action(Static):
    """A title and a key; a click runs the action that the key runs."""

    DEFAULT_CSS = """
    Action { width: auto; height: 1; padding: 0 1; }
    Action:hover { background: $primary 25%; }
    Action.-active { background: $primary; color: $background; text-style: bold; }
    Action:disabled { color: $secondary 60%; }
    """

    def __init__(self, title: str, name: str, key: str, action: str, active: bool = False) -> None:
        """`name` is that of the key's binding, `key` the usual one."""
        super().__init__(classes="-active" if active else "")
        self._title, self._name, self._key, self._action = title, name, key, action
        self._shown: tuple[str, bool] | None = None

    def on_mount(self) -> None:
        if self._shown is None:
            self.show(self._title, enabled=True)

    def show(self, title: str, enabled: bool) -> None:
        """Give it another title, and say whether it can be done now."""
        if (title, enabled) == self._shown:
            return
        self._shown = (title, enabled)
        self.update(Content.assemble(title, " ", (key_of(self.app, self._name, self._key), "dim")))
        self.disabled = not enabled

    async def on_click(self) -> None:
        await self.run_action(self._action)
