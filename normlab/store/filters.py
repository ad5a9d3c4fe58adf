"""A line that says which runs are looked for, and one that orders them, as SQL.

    norm=batch lr>=0.01 val_accuracy>0.9 outcome=completed tag:paper date>=2026-11-01 circles

Words are joined by "and". `name=a,b` means one of them, `!=` none of them, `tag:a` a tag. A setting goes by
its path (model.norm.kind) or its last word where that is clear (lr), a family by its name (norm). A metric is
that of the best epoch, `last.val_loss` that of the last. A word by itself is looked for in names, arms,
notes, tags, kinds and reasons; quotes keep spaces together.
"""

import difflib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import get_args

from pydantic import BaseModel

from normlab.core.choice import members
from normlab.core.errors import UNSAID, ConfigError, Problem
from normlab.core.fields import describe
from normlab.core.text import hidden_characters
from normlab.lab.experiment import Experiment
from normlab.lab.metrics import Metric

METRICS = (*get_args(Metric), "grad_norm", "samples_per_second")
_TEXTS = {
    "id": "runs.id", "arm": "runs.arm", "name": "ifnull(runs.name, '')", "device": "ifnull(runs.device, '')",
    "outcome": "runs.outcome", "origin": "ifnull(runs.origin, 'none')",
}  # fmt: skip
FIELDS = _TEXTS | {
    "seed": "runs.seed", "epoch": "runs.epoch", "step": "runs.step", "seconds": "runs.seconds",
    "parameters": "runs.num_parameters", "number": "runs.number", "date": "runs.created",
}  # fmt: skip
"""What can be asked of the run itself, by name."""

_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')
_TERM = re.compile(r"([A-Za-z_][\w.]*)(!=|>=|<=|=|>|<|:)(.*)", re.DOTALL)
_PART = re.compile(r'(?:"[^"]*"|[^",])+')
_MAX_CHARACTERS = 2_000


@dataclass(frozen=True)
class Filter:
    """A condition on rows of `runs`."""

    sql: str
    values: tuple[float | str, ...] = ()


@dataclass(frozen=True)
class Order:
    """How rows of `runs` are ordered."""

    by: str
    join: str = ""
    values: tuple[str, ...] = ()


def read_filter(text: str) -> Filter:
    """Read a filter line.

    Raises: ConfigError naming the word that can't be understood.

    >>> read_filter("seed=1").sql
    '(runs.seed IN (?, ?))'
    """
    if len(text) > _MAX_CHARACTERS:
        raise ConfigError(Problem("filter", f"is longer than {_MAX_CHARACTERS:,} characters", "shorten it"))
    if hidden := hidden_characters(text, allowed="\n\t"):
        raise ConfigError(Problem("filter", f"must not hold the invisible character {hidden[0]}", "", text))
    filters = [_read_word(word) for word in _WORD.findall(text)]
    if not filters:
        return Filter("TRUE")
    sql = " AND ".join(f"({each.sql})" for each in filters)
    return Filter(sql, tuple(value for each in filters for value in each.values))


def read_sort(text: str) -> Order:
    """Read what rows are ordered by: a field, a metric or a setting; with "-" in front the largest first.

    Runs without it come last, and equal ones newest first.

    Raises: ConfigError where it is unknown.
    """
    key, way = text.removeprefix("-"), "DESC" if text.startswith("-") else "ASC"
    if key in FIELDS:
        tail = "" if key == "number" else ", runs.number DESC"
        return Order(f"{FIELDS[key]} {way} NULLS LAST{tail}")
    at, metric = _metric(key)
    if metric:
        join = (
            "LEFT JOIN scores AS sorted ON sorted.run = runs.number AND sorted.metric = ? AND sorted.at = ?"
        )
        return Order(f"sorted.value {way} NULLS LAST, runs.number DESC", join, (metric, at))
    join = "LEFT JOIN settings AS sorted ON sorted.run = runs.number AND sorted.path = ?"
    return Order(f"sorted.value {way} NULLS LAST, runs.number DESC", join, (_setting(key),))


def _read_word(word: str) -> Filter:
    term = _TERM.fullmatch(word)
    if term is None:
        return _mentioned(word.replace('"', ""))
    key, sign, values = term[1], term[2], [part.replace('"', "") for part in _PART.findall(term[3])] or [""]
    if key == "tag":
        known = "runs.number IN (SELECT run FROM tags WHERE tag IN (SELECT value FROM json_each(?)))"
        if sign not in (":", "=", "!="):
            raise ConfigError(Problem(key, f"can't be {sign} a value", "write tag:paper", word))
        return Filter(f"NOT {known}" if sign == "!=" else known, (json.dumps(values),))
    sign = "=" if sign == ":" else sign
    if key == "date":
        return _dated(sign, ",".join(values))
    if key == "outcome" and "running" in values:  # which has no outcome yet
        return Filter(f"{'NOT ' if sign == '!=' else ''}ifnull(runs.outcome, 'running') IN "
                      "(SELECT value FROM json_each(?))", (json.dumps(values),))  # fmt: skip
    if key in _TEXTS:
        return _compared_texts(_TEXTS[key], sign, values)
    if key in FIELDS:
        return _compared(FIELDS[key], sign, values)
    at, metric = _metric(key)
    if metric:
        inner = _compared("value", sign, values)
        found = f"SELECT run FROM scores WHERE metric = ? AND at = ? AND {inner.sql}"
        return Filter(f"runs.number IN ({found})", (metric, at, *inner.values))
    inner = _compared("value", sign, values)
    found = f"SELECT run FROM settings WHERE path = ? AND {inner.sql}"
    return Filter(f"runs.number IN ({found})", (_setting(key), *inner.values))


def _compared(column: str, sign: str, texts: list[str]) -> Filter:
    """Compare a column of numbers, or of settings, which are either."""
    numbers = [_number(text) for text in texts]
    if sign in ("=", "!="):
        # "007" may be a number, and a text.
        values = tuple(dict.fromkeys([*texts, *(number for number in numbers if number is not None)]))
        marks = ", ".join("?" for _ in values)
        return Filter(f"{column} {'NOT ' if sign == '!=' else ''}IN ({marks})", values)
    if len(numbers) > 1 or numbers[0] is None:
        rule, found = f"{sign} needs a number behind it", ",".join(texts) or UNSAID
        raise ConfigError(Problem("filter", rule, "try = instead", found))
    # Text is larger than any number for SQLite: a batch size of "full" is not above 64.
    return Filter(f"typeof({column}) IN ('integer', 'real') AND {column} {sign} ?", (numbers[0],))


def _compared_texts(column: str, sign: str, texts: list[str]) -> Filter:
    if sign not in ("=", "!="):
        raise ConfigError(Problem("filter", f"{sign} is for numbers", "try = instead", ",".join(texts)))
    marks = ", ".join("?" for _ in texts)
    return Filter(f"{column} {'NOT ' if sign == '!=' else ''}IN ({marks})", tuple(texts))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _dated(sign: str, text: str) -> Filter:
    today = date.today()
    days = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        day = days.get(text) or date.fromisoformat(text)
        begin, end = (datetime.combine(d, datetime.min.time()) for d in (day, day + timedelta(days=1)))
        low, high = begin.timestamp(), end.timestamp()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(Problem("date", "is no day", "write date>=2026-11-01, or today", text)) from None
    column = FIELDS["date"]
    match sign:
        case "=":
            return Filter(f"{column} >= ? AND {column} < ?", (low, high))
        case "!=":
            return Filter(f"NOT ({column} >= ? AND {column} < ?)", (low, high))
        case ">" | "<=":
            return Filter(f"{column} {'>=' if sign == '>' else '<'} ?", (high,))
        case _:
            return Filter(f"{column} {sign} ?", (low,))


def _mentioned(word: str) -> Filter:
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
    columns = [f"ifnull(runs.{name}, '')" for name in ("arm", "name", "note", "reason", "id")]
    said = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
    tagged = "runs.number IN (SELECT run FROM tags WHERE tag LIKE ? ESCAPE '\\')"
    paths = [path for path in setting_paths() if path.endswith(".kind")]
    chosen = "path IN (SELECT value FROM json_each(?)) AND value = ?"
    kinds = f"runs.number IN (SELECT run FROM settings WHERE {chosen})"
    values = (*(pattern for _ in columns), pattern, json.dumps(paths), word)
    return Filter(f"{said} OR {tagged} OR {kinds}", values)


# Names.


def _metric(key: str) -> tuple[str, str | None]:
    at, _, name = key.rpartition(".")
    if name in METRICS and at in ("", "best", "last"):
        return at or "best", name
    return "", None


def _setting(key: str) -> str:
    """Find the path of a setting by its last word, or a family's by its name."""
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
    words = [*FIELDS, "tag", *METRICS, *(path.rpartition(".")[2] for path in known if path[-5:] != ".kind")]
    words += [path.split(".")[-2] for path in known if path.endswith(".kind")]
    close = difflib.get_close_matches(key, words, n=1)
    remedy = (
        f"did you mean {close[0]}?" if close else "try norm=batch, lr>0.01, val_accuracy>0.9 or tag:paper"
    )
    raise ConfigError(Problem("filter", "is neither a setting nor a metric", remedy, key))


@cache
def setting_paths() -> tuple[str, ...]:
    """List the paths of all settings that an experiment may have."""
    return tuple(dict.fromkeys(_paths(Experiment, "")))


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
