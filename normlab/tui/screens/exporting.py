"""Taking kept runs elsewhere: in which format, to which file or folder."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.app import App

from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.store.kept import KeptRun
from normlab.store.store import Store
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.saving import wrong_path
from normlab.views.recall import recall


async def export_runs(app: App[Any], runs: Sequence[KeptRun], store: Store) -> None:
    """Ask for format and place, and write the runs there in a thread; tell when that is done."""
    formats = await asyncio.to_thread(_formats)  # its packages may be large
    what = f"“{visible(runs[0].title, 40)}”" if len(runs) == 1 else f"the {len(runs)} picked runs"
    chosen = await app.push_screen_wait(Choose(f"Export {what} as", formats))
    if chosen is None:
        return
    try:
        exhibits, suggestion = await asyncio.to_thread(_gather, runs, store, chosen)
    except NormlabError as error:
        app.notify(str(error), severity="error", timeout=15, markup=False)
        return
    title = f"Export {what} as {chosen} to"

    def check(typed: str) -> str | None:
        return wrong_path(typed, folder=True)

    typed = await app.push_screen_wait(Ask(title, visible(str(suggestion), 1000), check, "Export"))
    if typed is None:
        return
    target = Path(typed.strip()).expanduser()
    question = f"{visible(target.name)} is there already. Replace what an export would write there?"
    there = await asyncio.to_thread(target.exists)
    if there and not await app.push_screen_wait(Confirm(question, "Replace")):
        return
    app.notify(f"Exporting {what}…", markup=False)
    try:
        from normlab.exports.formats import export

        written = await asyncio.to_thread(export, exhibits, chosen, target, overwrite=True)
    except NormlabError as error:
        app.notify(str(error), severity="error", timeout=15, markup=False)
    else:
        more = f" and {len(written) - 1} more" if len(written) > 1 else ""
        app.notify(f"Exported to {visible(str(written[0]), 400)}{more}", timeout=10, markup=False)


def _formats() -> list[tuple[str, str, str]]:
    from normlab.exports.formats import FORMATS

    return [
        (name, name, f"{f'needs normlab[{form.extra}]: ' if form.missing else ''}{form.help}")
        for name, form in FORMATS.items()
    ]


def _gather(runs: Sequence[KeptRun], store: Store, chosen: str) -> tuple[list[Any], Path]:
    from normlab.exports.exhibit import Exhibit
    from normlab.exports.formats import default_target

    exhibits = [Exhibit(run, recall(run, store)) for run in runs]
    return exhibits, default_target(exhibits, chosen)
