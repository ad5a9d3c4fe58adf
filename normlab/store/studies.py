"""Studies as the store keeps them: what was asked for, and how often it was looked at."""

import json
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import apsw

from normlab.core.errors import ConfigError, Problem
from normlab.core.parsing import parse
from normlab.core.text import hidden_characters
from normlab.lab.presets import Preset
from normlab.lab.study import Study
from normlab.store.errors import StoreError
from normlab.store.store import Store

COLUMNS = "id, preset, device, origin, looks, claims, created, deleted"


@dataclass(frozen=True)
class KeptStudy:
    """A study as the store knows it."""

    id: str
    preset_json: str
    """Its preset's table; see `preset`."""
    device: str
    """Kind of device that its runs are trained on."""
    origin: str | None
    """Whose weights its runs begin with, as ID:best or ID:last; none where they are drawn."""
    looks: tuple[int, ...]
    """Number of seeds at each look: a second one where it was extended."""
    created: float
    """In seconds since 1970."""
    claims: frozenset[str] = frozenset()
    """A key of each claim, which it shares with the same claim about other seeds."""
    others: tuple[str, ...] = ()
    """Other studies, deleted ones among them, that have a claim of this one."""
    deleted: bool = False
    """Whether somebody deleted it; a study that is asked for again is back."""

    @cached_property
    def preset(self) -> Preset:
        """What is to be run, with all the seeds of the last look.

        Raises: ConfigError where it is damaged, or made by a version whose settings this one doesn't know.
        """
        place = f"study {self.id}"
        try:
            table = json.loads(self.preset_json)
        except ValueError:
            raise ConfigError(Problem(place, "can't be read", "delete it, and run its preset anew")) from None
        preset = parse(Preset, table, place)
        grid = preset.study.grid if preset.study else {}
        return preset.with_(study=Study(seeds=self.looks[-1], grid=grid))


def find_study(store: Store, start: str) -> KeptStudy:
    """Give the study with that id, or whose id alone begins so.

    Raises: StoreError when none does, or several do.
    """
    remedy = "see normlab studies list"
    if hidden_characters(start):
        raise StoreError(Problem("study", "is unknown", remedy, start))
    found = [study for study in find_studies(store) if study.id.startswith(start)] if start else []
    exact = [study for study in found if study.id == start]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        ids = ", ".join(study.id for study in found[:20])
        raise StoreError(Problem("study", f"several begin so: {ids}", "write more of it", start))
    raise StoreError(Problem("study", "is unknown", remedy, start))


def find_studies(store: Store) -> list[KeptStudy]:
    """List the studies, the latest first."""
    return [study for study in all_studies(store) if not study.deleted]


def all_studies(store: Store) -> list[KeptStudy]:
    """List the studies and those that were deleted, the latest first."""
    with store.read() as connection:
        rows: list[Any] = connection.execute(f"SELECT {COLUMNS} FROM studies ORDER BY number DESC").fetchall()
    return with_others([_read(row) for row in rows])


def with_others(studies: list[KeptStudy]) -> list[KeptStudy]:
    """Note of each study which others have a claim of it."""
    sharing: dict[str, list[str]] = {}
    for study in studies:
        for claim in study.claims:
            sharing.setdefault(claim, []).append(study.id)
    return [
        replace(
            study,
            others=tuple(
                dict.fromkeys(id for claim in study.claims for id in sharing[claim] if id != study.id)
            ),
        )
        for study in studies
    ]


def delete_study(store: Store, study: str) -> None:
    """Delete a study; its runs stay, and its looks too, should it be asked for again. Raises: StoreError."""

    def write(connection: apsw.Connection) -> None:
        connection.execute("UPDATE studies SET deleted = ? WHERE id = ?", (time.time(), study))

    store.write(write)


def _read(row: Any) -> KeptStudy:
    id, preset, device, origin, looks, claims, created, deleted = row
    return KeptStudy(
        id=id,
        preset_json=preset,
        device=device,
        origin=origin,
        looks=tuple(json.loads(looks)),
        created=created,
        claims=frozenset(json.loads(claims)),
        deleted=deleted is not None,
    )
