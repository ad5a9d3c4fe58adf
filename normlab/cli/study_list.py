"""normlab studies list."""

import sys
from collections import Counter
from typing import Any

from normlab.cli.run_list import day
from normlab.cli.study_record import record_of
from normlab.cli.tables import Column, choose_form, print_columns, print_csv, print_json, shown
from normlab.store.studies import find_studies
from normlab.store.sweep import open_swept


def print_list(limit: int, json: bool, csv: bool) -> None:
    """Print the latest studies. Raises: ConfigError; StoreError."""
    form, store = choose_form(json, csv), open_swept()
    studies = find_studies(store)
    records = [record_of(study, store) for study in studies[:limit]]
    if form == "json":
        print_json(records)
    elif form == "csv":
        rows = [
            record | {name: _joined(record[name]) for name in ("looks", "verdicts")} for record in records
        ]
        print_csv(list(rows[0]) if rows else [], [list(row.values()) for row in rows])
    elif records:
        print_columns(_columns(records, [study.created for study in studies[:limit]]))
    if store.problem is not None:
        print(f"warning: {store.problem}", file=sys.stderr)
    if len(studies) > limit:
        print(f"{len(studies) - limit:,} more: --limit", file=sys.stderr)
    elif not studies and form == "text":
        print("no study is kept yet: normlab --preset d1-circles --no-ui", file=sys.stderr)


def _joined(values: list[Any] | None) -> str | None:
    return None if values is None else "; ".join(map(str, values))


def _columns(records: list[dict[str, Any]], created: list[float]) -> list[Column]:
    def cells(name: str) -> list[str]:
        return ["" if record[name] is None else shown(str(record[name])) for record in records]

    return [
        Column("id", cells("id")),
        Column("title", cells("title"), cut=True),
        Column("arms", cells("arms"), right=True, rank=2),
        Column("seeds", [" + ".join(_steps(record["looks"])) for record in records], right=True),
        Column("runs", [_done(record) for record in records], right=True),
        Column("verdicts", [_said(record) for record in records], cut=True),
        Column("begun", [day(each) for each in created], rank=1),
    ]


def _steps(looks: list[int]) -> list[str]:
    """Write the seeds of each look: 10 of the first, and so many more of the second.

    >>> _steps([10, 20])
    ['10', '10']
    """
    return [str(now - before) for before, now in zip([0, *looks], looks, strict=False)]


def _done(record: dict[str, Any]) -> str:
    return "" if record["num_runs"] is None else f"{record['num_done']:,}/{record['num_runs']:,}"


def _said(record: dict[str, Any]) -> str:
    if record["problem"] is not None:
        return f"can't be read: {shown(record['problem'], 200)}"
    counts = Counter[str](record["verdicts"] or ())
    return ", ".join(word if count == 1 else f"{count} {word}" for word, count in counts.items())
