"""What the store knows of a study that is planned. Knows no screen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from normlab.core.errors import NormlabError
from normlab.lab.checks import check_arms
from normlab.lab.one_change import Change, changes
from normlab.store.slots import Slot, slots
from normlab.store.studies import KeptStudy
from normlab.views.board import Board

if TYPE_CHECKING:
    from normlab.store.store import Store


@dataclass(frozen=True)
class Found:
    """A study as it stands."""

    board: Board
    slots: list[Slot]
    changes: tuple[Change, ...]
    """What its arms change, and what follows."""


def look_up(
    store: "Store | None", study: KeptStudy, goes_on: Callable[[], bool] = lambda: True
) -> Found | None:
    """Gather what is made of a study; none once that is no longer wanted.

    Raises: ConfigError where an arm can't be run; StoreError.
    """
    board, found = Board(study), list[Slot]()
    check_arms(study.preset)
    if store is not None:
        for slot in slots(store, study):
            if not goes_on():
                return None
            board.take(slot, store)
            found.append(slot)
    return Found(board, found, tuple(changes(study.preset)))


def about(study: KeptStudy) -> str:
    """Tell of a kept study in a line: how large it is, and its title."""
    try:
        preset = study.preset
    except NormlabError as error:
        return str(error)
    claims = len(preset.claims)
    return (
        f"{len(preset.experiments)} arms, {study.looks[-1]} seeds, "
        f"{claims} claim{'s' * (claims != 1)}, {study.device}: {preset.title}"
    )
