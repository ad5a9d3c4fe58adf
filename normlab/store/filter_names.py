"""What runs can be asked for: fields of their own, metrics, and every setting that there is."""

import difflib
from collections.abc import Iterator
from functools import cache
from typing import get_args

from pydantic import BaseModel

from normlab.core.choice import members
from normlab.core.errors import ConfigError, Problem
from normlab.core.fields import describe
from normlab.engine.events import Outcome
from normlab.lab.experiment import Experiment
from normlab.lab.metrics import Metric

OUTCOMES = (*get_args(Outcome), "running")
"""How a run may stand."""
METRICS = (*get_args(Metric), "grad_norm", "samples_per_second")
"""What is kept of a run's best and last evaluation, to be asked for."""
TEXTS = {
    "id": "runs.id", "arm": "runs.arm", "name": "ifnull(runs.name, runs.arm)",
    "device": "ifnull(runs.device, '')", "outcome": "runs.outcome", "origin": "ifnull(runs.origin, 'none')",
}  # fmt: skip
"""What can be asked of the run itself and is text: its name, and its SQL."""
FIELDS = TEXTS | {
    "seed": "runs.seed", "epoch": "runs.epoch", "step": "runs.step", "seconds": "runs.seconds",
    "parameters": "runs.num_parameters", "number": "runs.number", "date": "runs.created",
}  # fmt: skip
"""All that can be asked of the run itself."""
ALIASES = {"begun": "date", "time": "seconds", "score": "val_accuracy", "best": "val_loss", "tags": "tag"}
"""What tables call some of them."""


def find_metric(key: str) -> tuple[str, str | None]:
    """Read a metric, with best or last before it; none where it isn't one."""
    at, _, name = key.rpartition(".")
    if name in METRICS and at in ("", "best", "last"):
        return at or "best", name
    return "", None


def find_setting(key: str) -> str:
    """Find the path of a setting by its last word, or a family's by its name.

    Raises: ConfigError where none is meant, or several may be.
    """
    known = setting_paths()
    if key in known:
        return key
    kinds = [path for path in known if f".{path}".endswith(f".{key}.kind")]
    found = kinds or [path for path in known if path.endswith(f".{key}")]
    if len(found) == 1:
        return found[0]
    if found:
        remedy = f"write the whole path: {', '.join(found[:6])}"
        raise ConfigError(Problem("filter", "may mean several settings", remedy, key))
    if key in ("note", "reason"):
        raise ConfigError(Problem("filter", "is looked for by its words alone", 'write "two words"', key))
    words = [*FIELDS, *ALIASES, "tag", *METRICS]
    words += [path.removesuffix(".kind").rpartition(".")[2] for path in known]
    close = difflib.get_close_matches(key, words, n=1)
    examples = "try norm=batch, lr>0.01, val_accuracy>0.9 or tag:paper"
    remedy = f"did you mean {close[0]}?" if close else examples
    raise ConfigError(Problem("filter", "is neither a setting nor a metric", remedy, key))


@cache
def setting_paths() -> tuple[str, ...]:
    """List the paths of all settings that an experiment may have."""
    return tuple(dict.fromkeys(_paths(Experiment, "")))


@cache
def kinds_of(path: str) -> tuple[str, ...]:
    """List the kinds that a part may be of; `path` is that of its kind."""
    return tuple(dict.fromkeys(kind for place, kind in _kinds(Experiment, "") if place == path))


def _kinds(record: type[BaseModel], path: str) -> Iterator[tuple[str, str]]:
    for name, field in describe(record).items():
        here = f"{path}.{name}" if path else name
        for kind, part in members(field.family).items() if field.family else ():
            yield f"{here}.kind", kind
            yield from _kinds(part, here)


def _paths(record: type[BaseModel], path: str) -> Iterator[str]:
    for name, field in describe(record).items():
        here = f"{path}.{name}" if path else name
        if field.family is not None:
            for part in members(field.family).values():
                yield from _paths(part, here)
        elif field.record is not None:
            yield here  # none, where it is left out
            yield from _paths(field.record, here)
        else:
            yield here
