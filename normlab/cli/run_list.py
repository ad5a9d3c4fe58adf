"""normlab runs list."""

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from normlab.cli.run_record import raw_tree, record_of
from normlab.cli.tables import Column, choose_form, print_columns, print_csv, print_json, shown
from normlab.engine.events import Point
from normlab.store.find import find_runs
from normlab.store.kept import KeptRun
from normlab.store.sweep import open_swept
from normlab.views.durations import spent

_PAGE, _MOST = 20, 1_000_000
_SIGN = re.compile(r"[=<>:]")
_HEAD = re.compile(r"[\w.]+(!=|>=|<=|=|>|<|:)")


def join_words(words: Iterable[str]) -> str:
    """Join arguments to a filter line; where the shell took quotes off, they are put back.

    >>> join_words(["name=batch norm", "two words", "lr>0.01 tag:paper"])
    'name="batch norm" "two words" lr>0.01 tag:paper'
    """
    return " ".join(_requote(word) for word in words)


def _requote(word: str) -> str:
    if '"' in word or not any(c.isspace() for c in word):
        return word
    head = _HEAD.match(word)
    start, value = (head[0], word[head.end() :]) if head else ("", word)
    return word if _SIGN.search(value) else f'{start}"{value}"'


def print_list(filter: str, sort: str, limit: int | None, offset: int, json: bool, csv: bool) -> None:
    """Print a page of the runs that a filter line finds; without a limit 20 as a table, all as data.

    Raises: ConfigError for a filter or a sort key that can't be understood; StoreError.
    """
    form, store = choose_form(json, csv), open_swept()
    limit = limit or (_PAGE if form == "text" else _MOST)
    page = find_runs(store, filter, sort=sort, limit=limit, offset=offset)
    if form == "json":
        print_json([record_of(run) for run in page.runs])
    elif form == "csv":
        _print_csv(page.runs)
    elif page.runs:
        print_columns(_columns(page.runs))
    if store.problem is not None:
        print(f"warning: {store.problem}", file=sys.stderr)
    rest = page.total - offset - len(page.runs)
    if rest > 0:
        print(f"{rest:,} more: --offset {offset + len(page.runs)}, or --limit", file=sys.stderr)
    elif not page.total and form == "text":
        none = "no run is kept yet: normlab --preset digits --no-ui" if not filter else "none is found"
        print(none, file=sys.stderr)


def _print_csv(runs: list[KeptRun]) -> None:
    rows = [dict(_flat(record_of(run))) for run in runs]
    names = list(dict.fromkeys(name for row in rows for name in row))
    print_csv(names, [[row.get(name) for name in names] for row in rows])


def _flat(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Spread a record over cells: points by their metrics, tags joined; notes are for JSON."""
    for name, value in record.items():
        if name in ("best", "last"):
            for metric, number in (value["metrics"] if value else {}).items():
                yield f"{name}_{metric}", number
        elif name == "tags":
            yield name, " ".join(value)
        elif name != "note":
            yield name, value


def _columns(runs: list[KeptRun]) -> list[Column]:
    records = [record_of(run) for run in runs]

    def cells(name: str) -> list[str]:
        return [shown(str(record[name])) for record in records]

    return [
        Column("id", cells("id")),
        Column("name", cells("name"), cut=True),
        Column("dataset", cells("dataset"), rank=4),
        Column("norm", cells("norm")),
        Column("seed", cells("seed"), right=True),
        Column("outcome", cells("outcome")),
        Column("epoch", [_place(run) for run in runs], right=True),
        Column("val_loss", [_best(run, "val_loss") for run in runs], right=True),
        Column("score", [_best(run, "val_accuracy", "val_rmse") for run in runs], right=True),
        Column("time", [spent(run.seconds) for run in runs], right=True, rank=5),
        Column("begun", [day(run.created) for run in runs]),
        Column("tags", [shown(" ".join(run.tags)) for run in runs], rank=3),
    ]


def _place(run: KeptRun) -> str:
    """Write how far a run is: its epochs, of how many where it isn't through."""
    training: Any = raw_tree(run).get("training")
    epochs = training.get("epochs") if isinstance(training, dict) and not training.get("steps") else None
    return f"{run.epoch}/{epochs}" if isinstance(epochs, int) and epochs != run.epoch else str(run.epoch)


def _best(run: KeptRun, *metrics: str) -> str:
    point: Point | None = run.best
    values = [point.metrics[metric] for metric in metrics if point and metric in point.metrics]
    return f"{values[0]:.4f}" if values else ""


def day(seconds: float) -> str:
    """Write when something was, as short as can be: an hour of today, a day of this year, or a month."""
    then, now = datetime.fromtimestamp(seconds), datetime.now()
    if then.date() == now.date():
        return f"{then:%H:%M}"
    return f"{then:%b %d}" if then.year == now.year else f"{then:%Y-%m}"
