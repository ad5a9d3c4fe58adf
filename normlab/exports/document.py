"""All that is known of runs, as one JSON document."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from normlab import __version__
from normlab.engine.events import Point
from normlab.exports.exhibit import Exhibit


def write_json(exhibits: Sequence[Exhibit]) -> bytes:
    """Write runs with settings, environment and points; non-finite numbers are "nan", "inf" and "-inf".

    Times are ISO 8601 in UTC, durations seconds.
    """
    document = {"normlab": __version__, "runs": [_run(exhibit) for exhibit in exhibits]}
    return json.dumps(document, indent=1, allow_nan=False).encode()


def _run(exhibit: Exhibit) -> dict[str, Any]:
    run, history = exhibit.run, exhibit.history
    return {
        "run": run.id,
        "name": run.name,
        "arm": run.arm,
        "seed": history.experiment.seed,
        "tags": list(run.tags),
        "note": run.note,
        "origin": run.origin,
        "created": moment(run.created),
        "finished": None if run.finished is None else moment(run.finished),
        "outcome": run.outcome,
        "reason": run.reason,
        "device": run.device,
        "num_parameters": run.num_parameters,
        "num_steps": run.num_steps,
        "seconds": run.seconds,
        "experiment": history.experiment.model_dump(mode="json"),
        "environment": run.environment,
        "warnings": history.warnings,
        "best": _point(history.best),
        "last": _point(history.last),
        "points": [_point(point) for point in history.points],
    }


def _point(point: Point | None) -> dict[str, Any] | None:
    return None if point is None else point.model_dump(mode="json")


def moment(seconds: float) -> str:
    """Write a time that is given in seconds since 1970.

    >>> moment(0.0)
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
