"""A user's own .npz file: samples in one array, targets in another."""

import math
import zipfile
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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Beside the values as stored: numbers of 32 bits, and what is needed to check and to number them.
WORKING_BYTES = 16


def read_npz(path: Path, features: str, target: str) -> "tuple[NDArray[np.float32], NDArray[Any], str]":
    """Read samples (N, ...) and targets (N,), and name the targets' place."""
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive:
            entries = {name.removesuffix(".npy"): name for name in archive.namelist()}
            require(path, list(entries), "array", {"features": [features], "target": [target]})
            require_memory(path, sum(_needed_bytes(archive, entries[name]) for name in (features, target)))
        with np.load(path, allow_pickle=False) as arrays:
            x, y = np.asarray(arrays[features]), np.asarray(arrays[target])
    except DataError:
        raise
    except Exception as error:  # whatever the damage causes: ZIP, its codecs and NumPy know no common error
        raise unreadable(path, cause(error)) from error
    if not 1 <= x.ndim <= 4:
        rule = f"has {x.ndim} dimensions"
        raise DataError(Problem(f"{path}: array {features}", rule, "use (N, D) or (N, C, H, W)"))
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    where = f"{path}: array {target}"
    if y.ndim != 1:
        raise DataError(Problem(where, f"has the shape {y.shape}", "use (N,)"))
    if not x.size:
        raise empty(path)
    if y.dtype.kind not in "biufUS":
        rule = "is the type of these values, and can't be learnt"
        raise DataError(Problem(where, rule, "save them as real numbers or text", y.dtype))
    if x.ndim in (1, 3):
        x = x[:, None]  # (N,) -> (N, 1), (N, H, W) -> (N, 1, H, W)
    return to_numbers(x, f"{path}: array {features}"), y, where


def _needed_bytes(archive: zipfile.ZipFile, entry: str) -> int:
    from numpy.lib import format as npy

    with archive.open(entry) as file:
        version = npy.read_magic(file)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(file)
    return math.prod(shape) * (dtype.itemsize + WORKING_BYTES)
