"""An evaluation's numbers in the store: exact, and whatever isn't finite as well."""

import json
import struct
from collections.abc import Iterable, Mapping

import apsw

from normlab.engine.events import Point


def pack(values: Iterable[float]) -> bytes:
    """Write numbers as float64, little-endian."""
    values = tuple(values)
    return struct.pack(f"<{len(values)}d", *values)


def unpack(raw: bytes) -> tuple[float, ...]:
    """Read numbers that `pack` wrote.

    >>> unpack(pack([0.1, float("inf")]))
    (0.1, inf)
    """
    return struct.unpack(f"<{len(raw) // 8}d", raw)


def names_id(connection: apsw.Connection, metrics: Mapping[str, float]) -> int:
    """Give the number that stands for these names in this order."""
    names = json.dumps(list(metrics))
    connection.execute("INSERT OR IGNORE INTO metrics (names) VALUES (?)", (names,))
    return int(connection.execute("SELECT id FROM metrics WHERE names = ?", (names,)).get)


def all_names(connection: apsw.Connection) -> dict[int, list[str]]:
    """Read the lists of names, by their numbers."""
    rows = connection.execute("SELECT id, names FROM metrics")
    return {number: json.loads(names) for number, names in rows}


def point_json(point: Point | None) -> str | None:
    """Write a point for the row of its run."""
    return None if point is None else point.model_dump_json(include={"epoch", "step", "metrics"})


def read_point(text: str | None) -> Point | None:
    """Read a point that `point_json` wrote."""
    return None if text is None else Point.model_validate_json(text)
