"""Which slots of a study are trained next, and which of them together."""

import math
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from itertools import islice

from normlab.core.errors import NormlabError
from normlab.store.slots import Slot, look_again
from normlab.store.store import Store

_LOOKED_THROUGH = 32
"""Slots that are looked through, for each job, for those that can be trained with the next one."""


def cohorts(slots: Iterable[Slot], store: Store, jobs: int) -> Iterator[list[Slot]]:
    """Yield the slots that are to be trained, in their order but for those that are trained together.

    Each is looked at again when its cohort is asked for: the plan may be hours old. Where few are left, the
    jobs share them.
    """
    rest = _pending(slots)
    ahead: deque[Slot] = deque()
    families: dict[str, tuple[Hashable, int]] = {}  # by cell, whose runs differ in their seeds alone
    while True:
        ahead.extend(islice(rest, _LOOKED_THROUGH * jobs - len(ahead)))
        if not ahead:
            return
        for slot in ahead:
            if slot.cell.name not in families:
                families[slot.cell.name] = _family(slot)
        kin, most = families[ahead[0].cell.name]
        wanted = min(most, math.ceil(len(ahead) / jobs))
        cohort: list[Slot] = []
        others: deque[Slot] = deque()
        for slot in ahead:
            if len(cohort) == wanted or families[slot.cell.name][0] != kin:
                others.append(slot)
            elif not ((now := look_again(store, slot)).is_done or now.is_under_way):
                cohort.append(now)
        ahead = others
        if cohort:
            yield cohort


def _pending(slots: Iterable[Slot]) -> Iterator[Slot]:
    seen: set[str] = set()
    for slot in slots:
        if not (slot.is_done or slot.is_under_way or slot.fingerprint in seen):
            seen.add(slot.fingerprint)
            yield slot


def _family(slot: Slot) -> tuple[Hashable, int]:
    """Give what runs must share to be trained with a slot's, and how many are best trained together."""
    from normlab.engine.kinship import cohort_size, kin

    try:
        return kin(slot.experiment), cohort_size(slot.experiment)
    except (NormlabError, OSError):  # it will say so itself, when it is trained
        return slot.cell.name, 1
