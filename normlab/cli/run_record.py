"""A kept run as plain data: what --json prints, and what tables are made of."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from normlab.core.errors import NormlabError
from normlab.engine.events import Point
from normlab.lab.settings import leaves, to_tree
from normlab.store.kept import KeptRun


def record_of(run: KeptRun) -> dict[str, Any]:
    """Describe a run: what it is, how it stands, what came of it, what people said of it."""
    tree = raw_tree(run)
    return {
        "id": run.id,
        "name": run.title,
        "arm": run.arm,
        "dataset": kind(tree, "dataset"),
        "model": kind(tree, "model"),
        "norm": kind(tree, "model", "norm"),
        "seed": run.seed,
        "outcome": run.outcome or "running",
        "reason": run.reason,
        "epoch": run.epoch,
        "step": run.step,
        "num_steps": run.num_steps,
        "best": _point(run.best),
        "last": _point(run.last),
        "seconds": run.seconds,
        "created": moment(run.created),
        "finished": None if run.finished is None else moment(run.finished),
        "device": run.device,
        "num_parameters": run.num_parameters,
        "origin": run.origin,
        "tags": list(run.tags),
        "note": run.note,
    }


def _point(point: Point | None) -> dict[str, Any] | None:
    return None if point is None else {"epoch": point.epoch, "step": point.step, "metrics": point.metrics}


def moment(seconds: float) -> str:
    """Write a time of this machine's zone, to the second."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def raw_tree(run: KeptRun) -> dict[str, Any]:
    """Read a run's experiment as its table, unchecked: an older or later version may have written it."""
    try:
        tree = json.loads(run.experiment_json)
    except ValueError:
        return {}
    return tree if isinstance(tree, dict) else {}


def kind(tree: Any, *path: str) -> str:
    """Give the kind of a part in such a table; nothing where there is none."""
    for step in (*path, "kind"):
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree if isinstance(tree, str) else ""


def settings_of(run: KeptRun, all_settings: bool) -> dict[str, Any]:
    """Give a run's settings by path: kinds and what differs from the defaults, or all.

    Of an experiment that this version doesn't know, all that was written.
    """
    try:
        if all_settings:
            return dict(leaves(run.experiment))
        return dict(_flat(to_tree(run.experiment)))
    except NormlabError:
        return dict(_flat(raw_tree(run)))


def _flat(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        here = f"{path}.{name}" if path else str(name)
        if isinstance(value, dict):
            yield from _flat(value, here)
        else:
            yield here, value
