"""The line in which a setting is typed: harmless whatever is pasted; paths are completed."""

import asyncio
import os
from itertools import islice
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from normlab.core.text import hidden_characters

MAX_ENTRIES = 1_000
"""Of a folder that are looked through for a completion."""
MAX_LENGTH = 10_000


class ValueInput(Input):
    """An input inside a form's row. Invisible characters don't get into it."""

    DEFAULT_CSS = """
    ValueInput, ValueInput:focus { height: 1; border: none; padding: 0; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Put back what stood there", id="edit.cancel", show=False),
        Binding("tab", "complete", "Complete a path, or go on", id="edit.complete", show=False),
    ]

    class Cancelled(Message):
        """What was typed is not wanted."""

        def __init__(self, input: "ValueInput") -> None:
            super().__init__()
            self.input = input

    def __init__(self, text: str, completes_paths: bool = False) -> None:
        super().__init__(
            _without_hidden(text),
            compact=True,
            select_on_focus=False,
            suggester=PathSuggester() if completes_paths else None,
        )

    def replace(self, text: str, start: int, end: int) -> None:
        super().replace(_without_hidden(text), start, end)

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled(self))

    def action_complete(self) -> None:
        if len(self._suggestion) > len(self.value):
            self.action_end()
            self.action_cursor_right()
        else:
            self.screen.focus_next()


class PathSuggester(Suggester):
    """Completes the name of a file or folder."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(complete_path, value)  # a folder may lie on a slow network


def complete_path(text: str) -> str | None:
    """Complete a path to the first entry of its folder that begins so; a folder ends with a slash."""
    folder, name = os.path.split(text)
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            found = [
                entry.name + "/" * entry.is_dir()
                for entry in islice(entries, MAX_ENTRIES)
                if entry.name.startswith(name or entry.name.lstrip(".")) and not hidden_characters(entry.name)
            ]
    except (OSError, ValueError):  # no such folder, no permission, a null in the path
        return None
    return text[: len(text) - len(name)] + min(found) if found else None


def _without_hidden(text: str) -> str:
    return "".join(char for char in text[:MAX_LENGTH] if not hidden_characters(char))
