"""A kept study as plain data: what --json prints."""

import json
from collections.abc import Iterable
from typing import Any

from normlab.cli.run_record import moment
from normlab.core.errors import NormlabError
from normlab.store.slots import Slot, slots
from normlab.store.store import Store
from normlab.store.studies import KeptStudy
from normlab.views.board import recall_board


def title_of(study: KeptStudy) -> str:
    """Give a study's title as it stands, whichever version wrote it. Untrusted text."""
    try:
        table: Any = json.loads(study.preset_json)
    except ValueError:
        return ""
    return str(table.get("title", "")) if isinstance(table, dict) else ""


def record_of(study: KeptStudy, store: Store) -> dict[str, Any]:
    """Describe a study: what it asks for, how far it is, and where it is through, its verdicts.

    One that this version can't read has its problem instead.
    """
    record: dict[str, Any] = {
        "id": study.id, "title": title_of(study), "arms": None, "seeds": study.looks[-1],
        "looks": list(study.looks), "num_runs": None, "num_done": None, "verdicts": None,
        "device": study.device, "origin": study.origin, "created": moment(study.created), "problem": None,
    }  # fmt: skip
    try:
        found = list(slots(store, study))
        record |= {"arms": len(study.preset.experiments), "num_runs": len(found)}
        record |= {"num_done": sum(slot.is_done for slot in found)}
        record["verdicts"] = _words(study, store, found)
    except NormlabError as error:
        record["problem"] = str(error.problems[0])
    return record


def _words(study: KeptStudy, store: Store, found: Iterable[Slot]) -> list[str] | None:
    """Give the verdicts of a study that is through; to judge the others would say only that they aren't."""
    if not study.preset.claims or not all(slot.is_done for slot in found):
        return None
    return [verdict.verdict for verdict in recall_board(study, store, found).verdicts]
