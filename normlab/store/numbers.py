"""An evaluation's numbers in the store: exact, and whatever isn't finite as well."""

import json
import struct
from collections.abc import Iterable

import apsw
from pydantic import ValidationError

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


def all_names(connection: apsw.Connection) -> dict[int, list[str]]:
    """Read the lists of names, by their numbers."""
    rows = connection.execute("SELECT id, names FROM metrics")
    return {number: json.loads(names) for number, names in rows}


def point_json(point: Point | None) -> str | None:
    """Write a point for the row of its run."""
    return None if point is None else point.model_dump_json(include={"epoch", "step", "metrics"})


def read_point(text: str | None) -> Point | None:
    """Read a point that `point_json` wrote; none where there is none, or it is damaged."""
    try:
        return None if text is None else Point.model_validate_json(text)
    except ValidationError:
        return None
