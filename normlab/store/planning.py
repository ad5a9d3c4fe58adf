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
from normlab.store.studies import KeptStudy, all_studies, with_others

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
    known = [] if store is None else all_studies(store)
    claims = frozenset(_claim_key(preset, claim) for claim in preset.claims)
    asked = KeptStudy(
        id=new_run_id(),
        preset_json=json.dumps(preset_tree(preset)),
        device=device.partition(":")[0],
        origin=origin,
        looks=(len(preset.seeds),),
        created=time.time(),
        claims=claims,
    )
    key = _key(asked)
    for study in known:
        if study.claims == claims and _same_key(study, key):
            assert store is not None
            seen = num_complete_seeds(store, study)
            looks = next_looks(study, seen, asked.looks[0])
            return replace(asked, id=study.id, looks=looks, created=study.created, others=study.others)
    return with_others([asked, *known])[0]


def keep_study(store: Store, preset: Preset, device: str, origin: str | None = None) -> KeptStudy:
    """Keep the study that a preset asks for; see `plan_study`.

    Raises: ConfigError for a third look; StoreError.
    """
    study = plan_study(preset, device, origin, store)
    row = (study.id, _key(study), study.preset_json, study.device, origin, json.dumps(study.looks))

    def write(connection: apsw.Connection) -> None:
        connection.execute(
            "INSERT INTO studies (id, key, preset, device, origin, looks, claims, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
            " SET preset = excluded.preset, looks = excluded.looks, deleted = NULL",
            (*row, json.dumps(sorted(study.claims)), study.created),
        )

    store.write(write)
    return study


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


def _same_key(study: KeptStudy, key: str) -> bool:
    try:
        return _key(study) == key
    except ConfigError:
        return False  # of another version


def _key(study: KeptStudy) -> str:
    """Name what makes a study this one: its claims and its runs, whatever they are called."""
    preset = study.preset
    cells = sorted(_text(cell.experiment) for cell in preset.cells)
    return _digest([cells, sorted(study.claims), study.device, study.origin])


def _claim_key(preset: Preset, claim: Claim) -> str:
    arms = [
        _text(preset.experiments[arm].model_copy(update={"seed": 0})) for arm in (claim.arm, claim.against)
    ]
    asked = claim.model_dump(mode="json", exclude={"text", "arm", "against"})
    return _digest([asked, arms])


def _text(experiment: Experiment) -> str:
    return json.dumps(to_tree(experiment), sort_keys=True)


def _digest(known: list[Any]) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]
