"""A line that says which runs are looked for, and one that orders them, as SQL.

    norm=batch lr>=0.01 val_accuracy>0.9 outcome=completed tag:paper date>=2026-11-01 circles

Words are joined by "and". `name=a,b` means one of them, `!=` none of them, `tag:a` a tag. A setting goes by
its path (model.norm.kind) or its last word where that is clear (lr), a family by its name (norm). A metric is
that of the best epoch, `last.val_loss` that of the last. A word by itself is looked for in names, arms,
notes, tags, kinds and reasons; quotes keep spaces together.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from normlab.core.errors import ConfigError, Problem
from normlab.core.parsing import nearest
from normlab.core.text import hidden_characters
from normlab.store.filter_names import (
    ALIASES,
    FIELDS,
    OUTCOMES,
    TEXTS,
    find_metric,
    find_setting,
    kinds_of,
    setting_paths,
)

_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')
_TERM = re.compile(r"([A-Za-z_][\w.]*)(!=|>=|<=|==|=|>|<|:)(.*)", re.DOTALL)
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
    if text.count('"') % 2:
        raise ConfigError(Problem("filter", "has a quote that isn't closed", "close it", text))
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
    key = ALIASES.get(key, key)
    if key in FIELDS:
        return Order(f"{FIELDS[key]} {way} NULLS LAST, runs.number {way if key == 'date' else 'DESC'}")
    at, metric = find_metric(key)
    if metric:
        join = (
            "LEFT JOIN scores AS sorted ON sorted.run = runs.number AND sorted.metric = ? AND sorted.at = ?"
        )
        return Order(f"sorted.value {way} NULLS LAST, runs.number DESC", join, (metric, at))
    join = "LEFT JOIN settings AS sorted ON sorted.run = runs.number AND sorted.path = ?"
    return Order(f"sorted.value {way} NULLS LAST, runs.number DESC", join, (find_setting(key),))


def _read_word(word: str) -> Filter:
    term = _TERM.fullmatch(word)
    if term is None:
        if word in ("OR", "AND") or word[0] in "=<>!:":
            remedy = "write norm=batch,layer for one of several, and no spaces around ="
            raise ConfigError(Problem("filter", "is no word of a filter", remedy, word))
        return _mentioned(word.replace('"', ""))
    key, sign = ALIASES.get(term[1], term[1]), {":": "=", "==": "="}.get(term[2], term[2])
    values = [part.replace('"', "") for part in _PART.findall(term[3])]
    if not values:
        raise ConfigError(Problem("filter", "needs a value", "write norm=batch, lr>0.01 or tag:paper", word))
    match key:
        case "tag":
            return _tagged(sign, values)
        case "date":
            return _dated(sign, ",".join(values))
        case "outcome":
            return _ended(sign, values)
        case _ if key in TEXTS:
            return _compared_texts(key, sign, values)
        case _ if key in FIELDS:
            return _compared(FIELDS[key], sign, values, texts=False)
        case _:
            pass
    at, metric = find_metric(key)
    if metric:
        inner = _compared("value", sign, values, texts=False)
        found = f"SELECT run FROM scores WHERE metric = ? AND at = ? AND {inner.sql}"
        return Filter(f"runs.number IN ({found})", (metric, at, *inner.values))
    path = find_setting(key)
    for value in values if path.endswith(".kind") else ():
        _check(key, value, kinds_of(path))
    inner = _compared("value", sign, values)
    found = f"SELECT run FROM settings WHERE path = ? AND {inner.sql}"
    return Filter(f"runs.number IN ({found})", (path, *inner.values))


def _check(key: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise ConfigError(Problem(key, "is none there is", nearest(value, known), value))


def _tagged(sign: str, tags: list[str]) -> Filter:
    known = "runs.number IN (SELECT run FROM tags WHERE tag IN (SELECT value FROM json_each(?)))"
    if sign not in ("=", "!="):
        raise ConfigError(Problem("tag", f"can't be {sign} a value", "write tag:paper", ",".join(tags)))
    return Filter(f"NOT {known}" if sign == "!=" else known, (json.dumps(tags),))


def _ended(sign: str, outcomes: list[str]) -> Filter:
    for outcome in outcomes:
        _check("outcome", outcome, OUTCOMES)
    if "running" not in outcomes:
        return _compared_texts("outcome", sign, outcomes)
    column = "ifnull(runs.outcome, 'running')"  # which has no outcome yet
    known = f"{column} {'NOT ' if sign == '!=' else ''}IN (SELECT value FROM json_each(?))"
    return Filter(known, (json.dumps(outcomes),))


def _compared(column: str, sign: str, written: list[str], texts: bool = True) -> Filter:
    """Compare a column of numbers or, with `texts`, of settings, which are either."""
    numbers = [_number(text) for text in written]
    if sign in ("=", "!=") and (texts or None not in numbers):
        # "007" may be a number, and a text.
        values = tuple(dict.fromkeys([*written, *(number for number in numbers if number is not None)]))
        marks = ", ".join("?" for _ in values)
        return Filter(f"{column} {'NOT ' if sign == '!=' else ''}IN ({marks})", values)
    if len(numbers) > 1 or numbers[0] is None:
        remedy = "try = instead" if texts else "write val_accuracy>0.9"
        raise ConfigError(Problem("filter", f"{sign} needs a number behind it", remedy, ",".join(written)))
    # Text is larger than any number for SQLite: a batch size of "full" is not above 64.
    return Filter(f"typeof({column}) IN ('integer', 'real') AND {column} {sign} ?", (numbers[0],))


def _compared_texts(key: str, sign: str, texts: list[str]) -> Filter:
    if sign not in ("=", "!="):
        raise ConfigError(Problem("filter", f"{sign} is for numbers", "try = instead", ",".join(texts)))
    column = TEXTS[key]
    if key in ("id", "origin"):  # may be shortened
        known = " OR ".join(f"substr({column}, 1, {len(text)}) = ?" for text in texts)
    else:
        known = f"{column} IN ({', '.join('?' for _ in texts)})"
    return Filter(f"NOT ({known})" if sign == "!=" else known, tuple(texts))


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
