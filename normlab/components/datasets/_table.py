"""A user's own .csv or .parquet file: a row per sample, a column per feature."""

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from normlab.components.datasets._faults import (
    cause,
    empty,
    require,
    require_memory,
    to_numbers,
    unreadable,
)
from normlab.core.errors import DataError, Problem
from normlab.core.text import visible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Of a number as read and as used, and of a row's target while its classes are numbered.
CELL_BYTES, ROW_BYTES = 16, 48
# "1," becomes a number of 64 bits and one of 32.
CSV_GROWTH = 6
# Arrow's words; its first row is the line of names.
UNEVEN_ROW = re.compile(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)")


def read_table(
    path: Path, target: str | None, ignore: tuple[str, ...]
) -> "tuple[NDArray[np.float32], NDArray[Any], str]":
    """Read samples (N, D) and targets (N,), and name the targets' place."""
    import numpy as np

    is_csv = path.suffix.lower() == ".csv"
    names, columns = _read_csv(path) if is_csv else _read_parquet(path)
    if not len(columns):
        raise empty(path)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(Problem(str(path), "has two columns of this name", "rename one", twice[0]))
    require(path, names, "column", {"target": [] if target is None else [target], "ignore": ignore})
    if target in ignore:
        remedy = "take it out of one of the two"
        raise DataError(Problem("dataset.ignore", "holds the target, dataset.target", remedy, target))
    left = [name for name in names if name not in ignore]
    if not left:
        raise DataError(Problem("dataset.ignore", f"leaves no column of {path.name}", "ignore fewer"))
    target = left[-1] if target is None else target
    features = [name for name in left if name != target]
    if not features:
        remedy = "add one; values are parted by commas" if is_csv else "add one"
        raise DataError(Problem(str(path), f"has no column but the target {visible(target)}", remedy))
    x = np.empty((len(columns), len(features)), "float32")
    for index, name in enumerate(features):
        where = f"{path}: column {name}"
        x[:, index] = to_numbers(_values(columns[name], where, is_csv), where)
    where = f"{path}: column {target}"
    return x, _values(columns[target], where, is_csv), where


def _read_csv(path: Path) -> tuple[list[str], Any]:
    from pyarrow import csv

    require_memory(path, path.stat().st_size * CSV_GROWTH)
    try:
        columns = csv.read_csv(
            path,
            read_options=csv.ReadOptions(use_threads=False),  # else an uneven row's number isn't told
            convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
        )
        columns.validate(full=True)
    except Exception as error:
        if uneven := UNEVEN_ROW.match(str(error)):
            row, expected, found = map(int, uneven.groups())
            rule = f"has {found} values, and the first line names {expected} columns"
            remedy = "mend it, or save the file as UTF-8, with commas"
            raise DataError(Problem(f"{path}, sample {row - 1}", rule, remedy)) from error
        raise unreadable(path, cause(error)) from error
    names = columns.column_names
    if names and all(map(_is_number, names)):
        remedy = "put a line with the columns' names before it"
        raise DataError(Problem(f"{path}, line 1", "holds numbers only, not names", remedy, ",".join(names)))
    return names, columns


def _read_parquet(path: Path) -> tuple[list[str], Any]:
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            told = file.metadata
            stored = sum(told.row_group(index).total_byte_size for index in range(told.num_row_groups))
            values = told.num_rows * told.num_columns
            require_memory(path, stored + values * CELL_BYTES + told.num_rows * ROW_BYTES)
            columns = file.read()
        columns.validate(full=True)
    except DataError:
        raise
    except Exception as error:
        raise unreadable(path, cause(error)) from error
    return columns.column_names, columns


def _values(column: Any, where: str, is_csv: bool) -> "NDArray[Any]":
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_decimal(column.type):
        column = column.cast(pa.float64())
    kind = column.type
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    missing = column.is_null().to_numpy()
    if is_text:
        missing = missing | (column.to_numpy() == "")
    if missing.any():
        sample = missing.argmax() + 1
        rule = "is missing (empty, NA, null or the like)" if is_csv else "is missing"
        quoting = " (write a label NA in quotes)" if is_csv else ""
        remedy = f"fill it in{quoting}, or leave the row or the column out"
        raise DataError(Problem(f"{where}, sample {sample}", rule, remedy))
    if not (is_text or types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind)):
        rule, remedy = "is the type of this column, and can't be used", "make it numbers, or text in UTF-8"
        raise DataError(Problem(where, rule, f"{remedy}, or leave it out with dataset.ignore", str(kind)))
    return column.to_numpy()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
