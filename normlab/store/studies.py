"""Studies as the store keeps them: what was asked for, and how often it was looked at."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import apsw
from pydantic import Field, TypeAdapter, ValidationError

from normlab.core.errors import ConfigError, Problem
from normlab.core.parsing import parse
from normlab.core.text import hidden_characters
from normlab.lab.presets import Preset
from normlab.lab.study import Study
from normlab.store.errors import StoreError
from normlab.store.store import Store

COLUMNS = "id, preset, device, origin, looks, claims, created, deleted"
_LOOKS: TypeAdapter[tuple[int, ...]] = TypeAdapter(
    Annotated[tuple[Annotated[int, Field(ge=1, le=10_000)], ...], Field(min_length=1, max_length=2)]
)
_CLAIMS: TypeAdapter[frozenset[str]] = TypeAdapter(frozenset[str])


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
    """Number of seeds at each look: a second one where it was extended; none where its row is damaged."""
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
            table = None
        if table is None or not self.looks:
            raise ConfigError(Problem(place, "can't be read", "delete it, and run its preset anew"))
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
    with store.read() as connection:
        return [study for study in all_studies(connection) if not study.deleted]


def all_studies(connection: apsw.Connection) -> list[KeptStudy]:
    """List the studies, deleted ones among them, the latest first."""
    rows: list[Any] = connection.execute(f"SELECT {COLUMNS} FROM studies ORDER BY number DESC").fetchall()
    studies = [_read(row) for row in rows]
    sharing: dict[str, list[str]] = {}
    for study in studies:
        for claim in study.claims:
            sharing.setdefault(claim, []).append(study.id)
    return [replace(study, others=others(study, sharing)) for study in studies]


def others(study: KeptStudy, sharing: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Name the other studies that have a claim of a study; `sharing` has the ids of those with a claim."""
    found = dict.fromkeys(id for claim in sorted(study.claims) for id in sharing.get(claim, ()))
    return tuple(id for id in found if id != study.id)


def delete_study(store: Store, study: str) -> None:
    """Delete a study; its runs stay, and its looks too, should it be asked for again. Raises: StoreError."""

    def write(connection: apsw.Connection) -> None:
        connection.execute("UPDATE studies SET deleted = ? WHERE id = ?", (time.time(), study))

    store.write(write)


def _read(row: Any) -> KeptStudy:
    id, preset, device, origin, looks, claims, created, deleted = row
    try:
        keys = _CLAIMS.validate_json(claims)
    except ValidationError:
        keys = frozenset[str]()
    return KeptStudy(
        id=id,
        preset_json=preset,
        device=device,
        origin=origin,
        looks=read_looks(looks),
        created=created,
        claims=keys,
        deleted=deleted is not None,
    )


def read_looks(text: str) -> tuple[int, ...]:
    """Read a column of looks; none where it is damaged, for a row must not take others with it."""
    try:
        return _LOOKS.validate_json(text)
    except ValidationError:
        return ()
