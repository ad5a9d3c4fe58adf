"""Which slots of a study are trained next, and which of them together."""

import math
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from itertools import islice

from normlab.core.errors import NormlabError
from normlab.store.slots import Slot, look_again
from normlab.store.store import Store

_AHEAD = 32
"""Slots that are looked through, for each job, for those that can be trained with the next one."""


def cohorts(slots: Iterable[Slot], store: Store, jobs: int) -> Iterator[list[Slot]]:
    """Yield the slots that are to be trained, in their order but for those that are trained together.

    Each is looked at again when its cohort is asked for: the plan may be hours old. Where few are left, the
    jobs share them.
    """
    rest = _pending(slots)
    ahead: deque[Slot] = deque()
    family = _Families()
    while True:
        ahead.extend(islice(rest, _AHEAD * jobs - len(ahead)))
        if not ahead:
            return
        kin, most = family.of(ahead[0])
        wanted = min(most, math.ceil(len(ahead) / jobs))
        cohort: list[Slot] = []
        others: deque[Slot] = deque()
        for slot in ahead:
            if len(cohort) == wanted or family.of(slot)[0] != kin:
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


class _Families:
    """Which cells' runs can be trained together, and how many of them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Hashable, int]] = {}

    def of(self, slot: Slot) -> tuple[Hashable, int]:
        name = slot.cell.name
        if name not in self._known:
            self._known[name] = _family(slot)
        return self._known[name]


def _family(slot: Slot) -> tuple[Hashable, int]:
    from normlab.engine.kinship import cohort_size, kin

    try:
        return kin(slot.experiment), cohort_size(slot.experiment)
    except (NormlabError, OSError):  # it will say so itself, when it is trained
        return slot.cell.name, 1
