"""What can be wrong with a user's own file, each said in one line; samples are counted from 1."""

from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from normlab.core.errors import DataError, Problem
from normlab.core.memory import physical_memory_bytes, show_bytes
from normlab.core.parsing import nearest
from normlab.core.text import visible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def unreadable(path: Path, said: str) -> DataError:
    remedy = "save it again, as numbers and text in rows"
    suffix = path.suffix[1:].lower()
    return DataError(Problem(str(path), f"can't be read as {suffix} ({visible(said, 200)})", remedy))


def cause(error: Exception) -> str:
    return str(error).split("\n")[0] or type(error).__name__


def empty(path: Path) -> DataError:
    return DataError(Problem(str(path), "holds no values", "put at least one sample into it"))


def require(path: Path, names: list[str], what: str, asked: dict[str, Iterable[str]]) -> None:
    """Refuse, by field, a name that the file doesn't know."""
    for field, wanted in asked.items():
        for name in wanted:
            if name not in names:
                remedy = visible(nearest(name, names), 300)
                raise DataError(Problem(f"dataset.{field}", f"is no {what} of {path.name}", remedy, name))


def require_memory(path: Path, needed_bytes: int) -> None:
    """Refuse a file that would not fit, before it is read: a small one can hold billions of values."""
    limit = physical_memory_bytes()
    if needed_bytes > limit:
        rule = f"would need about {show_bytes(needed_bytes)}, and this machine has {show_bytes(limit)}"
        raise DataError(Problem(str(path), rule, "save fewer samples, or fewer columns, in it"))


def to_numbers(values: "NDArray[Any]", where: str) -> "NDArray[np.float32]":
    """Make numbers of 32 bits, and name the first that is none."""
    import numpy as np

    if values.dtype.kind == "O":  # the text of a table
        at = _first_text(values)
        remedy = "mend it, or leave the column out with dataset.ignore"
        raise DataError(
            Problem(f"{where}, sample {at + 1}", "is text, where numbers are needed", remedy, values[at])
        )
    if values.dtype.kind not in "biuf":
        rule = "is the type of these values, where numbers are needed"
        raise DataError(Problem(where, rule, "save them as real numbers", values.dtype))
    with np.errstate(over="ignore"):
        numbers = values.astype("float32")
    if not np.isfinite(numbers).all():
        sample, *rest = np.argwhere(~np.isfinite(numbers))[0].tolist()
        inside = f", value {', '.join(str(index + 1) for index in rest)}" if rest else ""
        remedy = "mend it, or leave the sample or the column out"
        value = values[(sample, *rest)].item()
        found = f"{where}, sample {sample + 1}{inside}"
        raise DataError(Problem(found, "is no finite number of 32 bits", remedy, value))
    return numbers


def _first_text(values: "NDArray[Any]") -> int:
    """Find the first that Arrow takes for no number: it decided that the column is text, and not Python,
    to whom 1_000 is one."""
    import pyarrow as pa

    trimmed = pa.array([value.strip() for value in values], pa.large_string())

    def fails(count: int) -> bool:
        try:
            trimmed[:count].cast(pa.float64())
        except pa.ArrowInvalid:
            return True
        return False

    return max(0, min(bisect_left(range(len(values) + 1), True, key=fails), len(values)) - 1)
