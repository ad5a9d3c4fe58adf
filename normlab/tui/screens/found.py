"""What a look into the store sees: a page of its runs, and whether their order is a ranking."""

from contextlib import suppress
from dataclasses import dataclass, field

import apsw

from normlab.core.errors import NormlabError
from normlab.store.find import Page, find_runs, mixed
from normlab.store.store import Store
from normlab.store.sweep import sweep
from normlab.tui.screens.order import is_metric
from normlab.tui.widgets.filter_line import complete


@dataclass(frozen=True)
class Found:
    """What a look into the store has seen."""

    page: Page
    offset: int = 0
    """Where the page begins."""
    differing: list[str] = field(default_factory=list[str])
    """Settings that keep the order from being a ranking."""


def sweep_quietly(store: Store) -> None:
    """End the runs whose processes have died, where that can be done now."""
    with suppress(NormlabError, apsw.Error, OSError):  # a look tells what is wrong with the store
        sweep(store)


def find_page(
    store: Store, text: str, sort: str, rows: int, offset: int, stay: str | None, unfinished: bool
) -> Found:
    """Find a page, and where it begins: earlier where there are fewer runs than thought.

    It holds the run `stay` where that is near. An `unfinished` last word that can be completed is left out.
    """
    if unfinished and complete(text) is not None:
        text = text[: text.rfind(" ") + 1]

    def find(offset: int, rows: int = rows) -> Page:
        return find_runs(store, text, sort=sort, limit=rows, offset=offset)

    page = find(offset)
    if offset > (last := max(0, page.total - rows)):
        page, offset = find(last), last
    if stay is not None and stay not in [run.id for run in page.runs]:
        first = max(0, offset - rows)
        around = [run.id for run in find(first, 3 * rows).runs]
        if stay in around:
            at = first + around.index(stay)
            offset = at if at < offset else at - rows + 1
            page = find(offset)
    return Found(page, offset, mixed(store, text) if is_metric(sort) else [])
