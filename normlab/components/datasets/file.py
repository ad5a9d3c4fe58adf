import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from normlab.components.datasets import Dataset, Outline, Samples, Task
from normlab.components.datasets._faults import to_numbers
from normlab.components.datasets._npz import read_npz
from normlab.components.datasets._table import read_table
from normlab.core.errors import DataError, Problem
from normlab.core.text import Line, Name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = (".csv", ".npz", ".parquet")
FEW_VALUES = 20
"""Whole numbers stored with a decimal point may well be classes when there are no more of them."""


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
    """Column to be learnt; none takes the last one that isn't ignored, or the array y of an .npz file."""
    task: Literal["auto", "classification", "regression"] = "auto"
    """What the target holds: classes or values; "auto" takes text, true and false, and whole numbers as
    classes, other numbers as values."""
    ignore: Annotated[tuple[Name, ...], Field(strict=False, max_length=10_000)] = ()
    """Columns of a table that are left out."""
    features: Name = "x"
    """Array of an .npz file that holds the samples."""

    def outline(self, folder: Path) -> Outline:
        return self._look().outline

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        return _load(self._path(), self)[0]

    def stamp(self) -> str:
        try:
            state = self._path().stat()
        except (DataError, OSError):
            return "missing"
        return f"{state.st_size} bytes of {state.st_mtime_ns}"

    def problems(self, data: Outline, path: str) -> Iterator[Problem]:
        yield from super().problems(data, path)
        if self.task == "auto" and data.num_classes > max(2, data.num_samples // 2):
            rule = f"takes the target as {data.num_classes} classes, for {data.num_samples} samples"
            remedy = "set it to regression if they are values"
            yield Problem(f"{path}.task", rule, remedy, self.task, warning=True)
        if whole := self._look().whole_values:
            rule = f"takes the target as values, and they are {whole} different whole numbers only"
            remedy = "set it to classification if they are classes"
            yield Problem(f"{path}.task", rule, remedy, self.task, warning=True)
        file = self._path()
        unused = "ignore" if _is_npz(file) else "features"
        if getattr(self, unused) != type(self).model_fields[unused].default:
            rule = f"is not used for {file.suffix.lower()} files"
            yield Problem(f"{path}.{unused}", rule, "leave it out", getattr(self, unused), warning=True)

    def _look(self) -> "_Look":
        path = self._path()
        state = path.stat()
        return _look(path, state.st_mtime_ns, state.st_size, self)

    def _path(self) -> Path:
        path = Path(os.path.expanduser(self.path)).absolute()
        if not self.path or path.suffix.lower() not in SUFFIXES:
            rule = "must name a file of one of these types"
            raise DataError(Problem("dataset.path", rule, ", ".join(SUFFIXES), self.path))
        if not os.path.isfile(path):
            raise DataError(Problem(str(path), "is no file", "check dataset.path"))
        return path


@dataclass(frozen=True)
class _Look:
    """What a look into a file told."""

    outline: Outline
    whole_values: int
    """Number of distinct values, where few whole numbers were taken as values; else 0."""


@lru_cache(maxsize=16)
def _look(path: Path, mtime_ns: int, size: int, own: File) -> _Look:
    samples, num_classes = _load(path, own)
    task: Task = "classification" if num_classes else "regression"
    outline = Outline(samples.x.shape[1:], task, num_classes, len(samples.x))
    return _Look(outline, 0 if num_classes or own.task != "auto" else _whole_values(samples.y))


def _whole_values(y: "NDArray[Any]") -> int:
    import numpy as np

    count = len(np.unique(y)) if (y == np.round(y)).all() else 0
    return count if 2 <= count <= min(FEW_VALUES, len(y) // 2) else 0


def _load(path: Path, own: File) -> tuple[Samples, int]:
    """Read the samples, and count the classes."""
    import numpy as np

    if _is_npz(path):
        x, target, where = read_npz(path, own.features, own.target or "y")
    else:
        x, target, where = read_table(path, own.target, own.ignore)
    if len(x) != len(target):
        rule = f"holds {len(x)} samples and {len(target)} targets"
        raise DataError(Problem(str(path), rule, "give each sample one target"))
    task = own.task
    if task == "auto":
        task = "regression" if target.dtype.kind == "f" else "classification"
    if task == "regression":
        return Samples(x, to_numbers(target, where).reshape(-1, 1)), 0
    if target.dtype.kind not in "OUS":
        to_numbers(target, where)  # only to refuse what is not finite
    labels, y = np.unique(target, return_inverse=True)
    if len(labels) < 2:
        raise DataError(Problem(where, "is the only class", "give samples of two or more", labels[0]))
    return Samples(x, y.astype("int64")), len(labels)


def _is_npz(path: Path) -> bool:
    return path.suffix.lower() == ".npz"
