"""Writing a text to a file that somebody names."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from textual.app import App

from normlab.core.files import write_atomically
from normlab.core.text import hidden_characters, visible
from normlab.tui.screens.dialogs import Ask, Confirm


async def save_as(
    app: App[Any],
    title: str,
    suggestion: Path | str,
    text: Callable[[Path], str],
    endings: Collection[str] = (),
) -> None:
    """Ask for a path, and write there what `text` makes for it; overwriting asks again.

    With `endings`, such as ".md", the name must have one of them.
    """

    def check(typed: str) -> str | None:
        return wrong_path(typed, endings)

    chosen = await app.push_screen_wait(Ask(title, visible(str(suggestion), 1000), check, "Save"))
    if chosen is None:
        return
    path = Path(chosen.strip()).expanduser()
    question = f"{visible(path.name)} is there already. Overwrite it?"
    if path.exists() and not await app.push_screen_wait(Confirm(question, "Overwrite")):
        return
    shown = visible(str(path), 400)
    try:
        write_atomically(path, text(path).encode())
    except OSError as error:
        app.notify(f"{shown}: can't be written: {error.strerror}", severity="error", markup=False)
    else:
        app.notify(f"Saved {shown}", markup=False)


def wrong_path(typed: str, endings: Collection[str] = (), folder: bool = False) -> str | None:
    """Say what keeps a path from being written; None where nothing does, as far as one can tell.

    With `folder`, one that is there will do.
    """
    if not typed.strip():
        return "Type a file's path."
    if found := hidden_characters(typed):
        return f"A path can't hold the invisible character {found[0]} here."
    try:
        path = Path(typed.strip()).expanduser()
        if endings and path.suffix.lower() not in endings:
            return f"The name must end in {' or '.join(endings)}."
        return "This is a folder; add a file's name." if path.is_dir() and not folder else None
    except (OSError, RuntimeError, ValueError) as error:  # no such user's home, a path too long
        return f"No path: {error}"
