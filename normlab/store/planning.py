"""What a study is to run: new, taken up again, or extended."""

import hashlib
import json
import time
from dataclasses import replace
from typing import Any

import apsw

from normlab.core.errors import ConfigError, Problem
from normlab.engine.ids import new_run_id
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset, preset_tree
from normlab.lab.settings import to_tree
from normlab.lab.study import Claim
from normlab.store.slots import num_complete_seeds
from normlab.store.store import Store
from normlab.store.studies import KeptStudy, all_studies, others, read_looks

MIN_LOOK = 6
"""Seeds below which no verdict can be reached: to see their runs is no look that must be paid for."""


def plan_study(
    preset: Preset, device: str, origin: str | None = None, store: Store | None = None
) -> KeptStudy:
    """Give the study that a preset asks for: a new one, or that which is the same but for words and seeds.

    Nothing is written. Where six seeds or more of the kept one are made, somebody may have looked: more seeds
    than it has are an extension, a second look; fewer change nothing.

    Raises: ConfigError for a third look; StoreError.
    """
    asked = KeptStudy(
        id=new_run_id(),
        preset_json=json.dumps(preset_tree(preset)),
        device=device.partition(":")[0],
        origin=origin,
        looks=(len(preset.seeds),),
        created=time.time(),
        claims=frozenset(_claim_key(preset, claim) for claim in preset.claims),
    )
    if store is None:
        return asked
    seen = _num_seen(store, asked)
    with store.read() as connection:
        return _taken_up(connection, asked, seen)


def keep_study(store: Store, preset: Preset, device: str, origin: str | None = None) -> KeptStudy:
    """Keep the study that a preset asks for; see `plan_study`.

    Raises: ConfigError for a third look; StoreError.
    """
    asked = plan_study(preset, device, origin)
    seen, key = _num_seen(store, asked), _key(asked)
    kept: list[KeptStudy] = []

    def write(connection: apsw.Connection) -> None:
        study = _taken_up(connection, asked, seen)
        kept[:] = [study]
        connection.execute(
            "INSERT INTO studies (id, key, preset, device, origin, looks, claims, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
            " SET preset = excluded.preset, looks = excluded.looks, claims = excluded.claims, deleted = NULL",
            (
                study.id, key, study.preset_json, study.device, origin, json.dumps(study.looks),
                json.dumps(sorted(study.claims)), study.created,
            ),
        )  # fmt: skip

    store.write(write)
    return kept[0]


def _taken_up(connection: apsw.Connection, asked: KeptStudy, seen: int) -> KeptStudy:
    """Give a study that is asked for as the kept one with its key goes on, of which `seen` seeds are made."""
    known = all_studies(connection)
    id = connection.execute("SELECT id FROM studies WHERE key = ?", (_key(asked),)).get
    for study in known:
        if study.id == id:
            looks = next_looks(study, seen, asked.looks[0]) if study.looks else asked.looks
            return replace(asked, id=study.id, looks=looks, created=study.created, others=study.others)
    sharing = {claim: [study.id for study in known if claim in study.claims] for claim in asked.claims}
    return replace(asked, others=others(asked, sharing))


def _num_seen(store: Store, asked: KeptStudy) -> int:
    """Count the seeds of a study that are made already, be they more than are asked for now."""
    with store.read() as connection:
        row: Any = connection.execute("SELECT looks FROM studies WHERE key = ?", (_key(asked),)).fetchone()
    if row is None:
        return 0
    last = max([*asked.looks, *read_looks(row[0])])
    return num_complete_seeds(store, replace(asked, looks=(last,)))


def next_looks(study: KeptStudy, seen: int, seeds: int) -> tuple[int, ...]:
    """Give the looks of a study of which `seen` seeds are made, when it is asked for with that many seeds.

    Raises: ConfigError for a third look.
    """
    *before, last = study.looks
    if not before and seen < MIN_LOOK:
        return (seeds,)
    if seeds <= last:
        return study.looks
    if not before:
        return (min(seen, last), seeds)
    rule = f"was extended from {before[-1]} to {last} seeds, and a third look would find what isn't there"
    first = study.preset.experiment.seed + last
    raise ConfigError(Problem("study", rule, f"ask again with fresh seeds: --seed {first}", study.id))


def _key(study: KeptStudy) -> str:
    """Name what makes a study this one: its claims and its runs, whatever they are called."""
    preset = study.preset
    cells = sorted(_text(cell.experiment) for cell in preset.cells)
    claims = sorted(f"{_claim_key(preset, claim)} {claim.margin}" for claim in preset.claims)
    return _digest([cells, claims, study.device, study.origin])


def _claim_key(preset: Preset, claim: Claim) -> str:
    """Name a claim, whatever its words, its margin, its arms' names, and the seeds that it is judged by."""
    both = (preset.experiments[arm] for arm in (claim.arm, claim.against))
    arms = [_text(experiment.model_copy(update={"seed": 0})) for experiment in both]
    asked = claim.model_dump(mode="json", exclude={"text", "arm", "against", "margin"})
    return _digest([asked, arms])


def _text(experiment: Experiment) -> str:
    return json.dumps(to_tree(experiment), sort_keys=True)


def _digest(known: list[Any]) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]
