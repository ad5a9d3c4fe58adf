import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field

from normlab.components.datasets import Dataset, Outline, Samples, Task
from normlab.core.errors import DataError, Problem
from normlab.core.parsing import nearest
from normlab.core.text import Line, Name, visible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = (".csv", ".npz", ".parquet")
DAMAGE = (ValueError, OSError, EOFError, KeyError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error)


def _read_list(names: object) -> object:
    return tuple(cast("list[object]", names)) if isinstance(names, list) else names


Names = Annotated[tuple[Name, ...], Field(max_length=10_000), BeforeValidator(_read_list)]


class File(Dataset, frozen=True):
    """A table of your own: a row per sample, one column to be learnt, the others to learn it from.

    .csv (comma separated, names in the first line) and .parquet hold a column per feature, of numbers or
    true and false. .npz holds two arrays: samples (N,), (N, D), (N, H, W) or (N, C, H, W), targets (N,).
    Values are taken as they are; classes are numbered in the sorted order of their labels.

    Shape: (D,), or (C, H, W) of images.
    """

    kind: Literal["file"] = "file"
    path: Line = ""
    """The .csv, .parquet or .npz file; a relative path starts in the working directory."""
    target: Name | None = None
    """Column to be learnt; none takes the last one, or the array y of an .npz file."""
    task: Literal["auto", "classification", "regression"] = "auto"
    """What the target holds: classes or values; "auto" takes text, true and false, and whole numbers as
    classes, other numbers as values."""
    ignore: Names = ()
    """Columns of a table that are left out."""
    features: Name = "x"
    """Array of an .npz file that holds the samples."""

    def outline(self, folder: Path) -> Outline:
        path = self._path()
        state = path.stat()
        return _outline(path, state.st_mtime_ns, state.st_size, self)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        return _load(self._path(), self)[0]

    def problems(self, data: Outline, path: str) -> Iterator[Problem]:
        yield from super().problems(data, path)
        if self.task == "auto" and data.num_classes > max(2, data.num_samples // 2):
            rule = f"takes the target as {data.num_classes} classes, for {data.num_samples} samples"
            remedy = "set it to regression if they are values"
            yield Problem(f"{path}.task", rule, remedy, self.task, warning=True)

    def _path(self) -> Path:
        path = Path(os.path.expanduser(self.path)).absolute()
        if not self.path or path.suffix.lower() not in SUFFIXES:
            rule = "must name a file of one of these types"
            raise DataError(Problem("dataset.path", rule, ", ".join(SUFFIXES), self.path))
        if not os.path.isfile(path):
            raise DataError(Problem(str(path), "is no file", "check dataset.path"))
        return path


@lru_cache(maxsize=16)
def _outline(path: Path, mtime_ns: int, size: int, table: File) -> Outline:
    samples, num_classes = _load(path, table)
    task: Task = "classification" if num_classes else "regression"
    return Outline(samples.x.shape[1:], task, num_classes, len(samples.x))


def _load(path: Path, table: File) -> tuple[Samples, int]:
    """Read the samples, and count the classes."""
    import numpy as np

    x, target, where = (_read_npz if path.suffix.lower() == ".npz" else _read_table)(path, table)
    if len(x) != len(target):
        rule = f"holds {len(x)} samples and {len(target)} targets"
        raise DataError(Problem(str(path), rule, "give each sample one target"))
    task = table.task
    if task == "auto":
        task = "regression" if target.dtype.kind == "f" else "classification"
    if task == "regression":
        return Samples(x, _numbers(target, where).reshape(-1, 1)), 0
    if target.dtype.kind not in "OUS":
        _numbers(target, where)  # only to refuse what is not finite
    labels, y = np.unique(target, return_inverse=True)
    if len(labels) < 2:
        raise DataError(Problem(where, "is the only class", "give samples of two or more", labels[0]))
    return Samples(x, y.astype("int64")), len(labels)


def _read_table(path: Path, table: File) -> "tuple[NDArray[np.float32], NDArray[Any], str]":
    import numpy as np

    names, columns = _read_columns(path)
    if not len(columns):
        raise _empty(path)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(Problem(str(path), "has two columns of this name", "rename one", twice[0]))
    target = names[-1] if table.target is None else table.target
    _require(path, names, "column", {"target": [target], "ignore": table.ignore})
    features = [name for name in names if name != target and name not in table.ignore]
    if not features:
        remedy = "add one; values are parted by commas" if path.suffix.lower() == ".csv" else "add one"
        raise DataError(Problem(str(path), f"has no column but the target {visible(target)}", remedy))
    x = np.empty((len(columns), len(features)), "float32")
    for index, name in enumerate(features):
        where = f"{path}: column {name}"
        x[:, index] = _numbers(_values(columns[name], where), where)
    where = f"{path}: column {target}"
    return x, _values(columns[target], where), where


def _read_columns(path: Path) -> tuple[list[str], Any]:
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if path.suffix.lower() == ".parquet":
            with parquet.ParquetFile(path) as file:
                columns = file.read()
        else:
            reading = csv.ReadOptions(use_threads=False)  # else a bad row's number isn't told
            converting = csv.ConvertOptions(strings_can_be_null=True)
            columns = csv.read_csv(path, read_options=reading, convert_options=converting)
        columns.validate(full=True)
        return columns.column_names, columns
    except (pa.ArrowException, ValueError, OSError) as error:
        raise _unreadable(path, error) from error


def _values(column: Any, where: str) -> "NDArray[Any]":
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if column.null_count:
        row = column.is_null().to_numpy().argmax() + 1
        remedy = "fill it in, or leave the row or the column out"
        raise DataError(Problem(f"{where}, row {row}", "is missing", remedy))
    kind = column.type
    numeric = types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind)
    if not (numeric or types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)):
        rule, remedy = "is the type of this column, and can't be used", "make it numbers, or text in UTF-8"
        raise DataError(Problem(where, rule, f"{remedy}, or leave it out with dataset.ignore", str(kind)))
    return column.to_numpy()


def _read_npz(path: Path, table: File) -> "tuple[NDArray[np.float32], NDArray[Any], str]":
    import numpy as np

    target = table.target or "y"
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
        _require(path, names, "array", {"features": [table.features], "target": [target]})
        with np.load(path, allow_pickle=False) as arrays:
            x, y = np.asarray(arrays[table.features]), np.asarray(arrays[target])
    except DAMAGE as error:
        raise _unreadable(path, error) from error
    if not 1 <= x.ndim <= 4:
        rule = f"has {x.ndim} dimensions"
        raise DataError(Problem(f"{path}: array {table.features}", rule, "use (N, D) or (N, C, H, W)"))
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    where = f"{path}: array {target}"
    if y.ndim != 1:
        raise DataError(Problem(where, f"has the shape {y.shape}", "use (N,)"))
    if not x.size:
        raise _empty(path)
    if x.ndim in (1, 3):
        x = x[:, None]  # (N,) -> (N, 1), (N, H, W) -> (N, 1, H, W)
    return _numbers(x, f"{path}: array {table.features}"), y, where


def _numbers(values: "NDArray[Any]", where: str) -> "NDArray[np.float32]":
    """Make numbers of 32 bits, and name the first that is none."""
    import numpy as np

    if values.dtype.kind not in "biuf":
        index = next((i for i, value in enumerate(values.flat) if not _is_number(str(value))), 0)
        found = f"{where}, row {index // values[:1].size + 1}"
        remedy = "mend it, or leave the column out with dataset.ignore"
        raise DataError(Problem(found, "is text, where numbers are needed", remedy, values.flat[index]))
    with np.errstate(over="ignore"):
        numbers = values.astype("float32")
    if not np.isfinite(numbers).all():
        row, *rest = np.argwhere(~np.isfinite(numbers))[0].tolist()
        found = f"{where}, row {row + 1}" + "".join(f", {index + 1}" for index in rest)
        remedy = "mend it, or leave the row or the column out"
        value = values[(row, *rest)].item()
        raise DataError(Problem(found, "is no finite number of 32 bits", remedy, value))
    return numbers


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _require(path: Path, names: list[str], what: str, asked: "dict[str, Any]") -> None:
    for field, wanted in asked.items():
        for name in wanted:
            if name not in names:
                remedy = visible(nearest(name, names), 300)
                raise DataError(Problem(f"dataset.{field}", f"is no {what} of {path.name}", remedy, name))


def _empty(path: Path) -> DataError:
    return DataError(Problem(str(path), "holds no values", "put at least one sample into it"))


def _unreadable(path: Path, error: Exception) -> DataError:
    said = visible(str(error).split("\n")[0], 200) or type(error).__name__
    remedy = "save it again, as numbers and text in rows"
    return DataError(Problem(str(path), f"can't be read as {path.suffix[1:].lower()} ({said})", remedy))
