"""Tables on stdout: for people, as JSON, or as CSV."""

import csv
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import Any, Literal

from rich.cells import cell_len, set_cell_size

from normlab.core.errors import ConfigError, Problem
from normlab.core.quoting import for_csv
from normlab.core.text import visible

Form = Literal["text", "json", "csv"]

_SMALLEST = 8
"""Characters that a column keeps when it is cut."""


def choose_form(json: bool, csv: bool) -> Form:
    """Tell what a table is printed as. Raises: ConfigError when both are asked for."""
    if json and csv:
        raise ConfigError(Problem("--json", "and --csv exclude each other", "leave one out"))
    return "json" if json else "csv" if csv else "text"


@dataclass(frozen=True)
class Column:
    """A column of a table for people."""

    name: str
    cells: Sequence[str]
    right: bool = False
    """Whether it is set to the right, as numbers are."""
    rank: int = 0
    """On a narrow terminal the highest goes first; 0 stays."""
    cut: bool = False
    """Whether it is cut where the others leave no room."""


def print_columns(columns: Iterable[Column]) -> None:
    """Print columns side by side; those with nothing in them are left out.

    On a terminal the lines fit its width; elsewhere nothing is left out or cut.
    """
    shown = [column for column in columns if any(column.cells)]
    room = get_terminal_size().columns if sys.stdout.isatty() else None
    while room is not None and _width(shown) > room and any(column.rank for column in shown):
        shown.remove(max(shown, key=lambda column: column.rank))
    widths = [_own_width(column) for column in shown]
    for place, column in enumerate(shown):
        if room is not None and column.cut:
            widths[place] = max(_SMALLEST, widths[place] - max(0, _width(shown) - room))
    for line in ([column.name for column in shown], *zip(*(column.cells for column in shown), strict=True)):
        cells = (_fit(*piece) for piece in zip(line, widths, shown, strict=True))
        print("  ".join(cells).rstrip())


def _own_width(column: Column) -> int:
    return max(map(cell_len, (column.name, *column.cells)))


def _width(columns: Sequence[Column]) -> int:
    return sum(map(_own_width, columns)) + 2 * (len(columns) - 1)


def _fit(text: str, width: int, column: Column) -> str:
    if (over := cell_len(text) - width) > 0:
        return set_cell_size(text, width - 1) + "…"
    return " " * -over + text if column.right else text + " " * -over


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print lines of a name and what belongs to it."""
    pairs = list(pairs)
    width = max((len(name) for name, _ in pairs), default=0)
    for name, text in pairs:
        print(f"{name:{width}}  {text}".rstrip())


def print_json(value: Any) -> None:
    """Print a value as JSON: numbers that aren't finite as "nan", "inf" and "-inf", all text as ASCII."""
    print(json.dumps(_sayable(value), indent=2))


def _sayable(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {str(name): _sayable(each) for name, each in value.items()}
        case list() | tuple():
            return [_sayable(each) for each in value]
        case _:
            return value


def print_csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print CSV: numbers unrounded, none as nothing; text that a spreadsheet would run gets an apostrophe."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([for_csv(name) for name in names])
    for row in rows:
        writer.writerow(["" if cell is None else for_csv(str(cell)) for cell in row])


def print_rows(names: Sequence[str], rows: Iterable[Sequence[object]], form: Form) -> None:
    """Print rows as CSV, or as a JSON list of objects."""
    if form == "json":
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_csv(names, rows)


def shown(text: str, limit: int = 80) -> str:
    """Write untrusted text on one line, harmlessly."""
    return " ".join(visible(text, limit).split())
