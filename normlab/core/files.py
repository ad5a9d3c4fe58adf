"""Files that a crash leaves whole: the old one or the new one, never half of either."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

Bytes = bytes | memoryview


def write_atomically(path: Path, raw: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it into place.

    Raises: OSError when the disk is full or the folder can't be written; nothing is left behind then.
    """
    write_together(path.parent, {path.name: [raw]})


def write_together(folder: Path, files: Mapping[str, Iterable[Bytes]]) -> None:
    """Write files of one folder as `write_atomically` does, each from its pieces, the folder flushed once.

    All are complete before the first is renamed; a crash between two renames leaves some old, some new.

    Raises: OSError when the disk is full or the folder can't be written; nothing is left behind then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partials = {folder / f"{name}.part": folder / name for name in files}
    try:
        for partial, pieces in zip(partials, files.values(), strict=True):
            with partial.open("wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
        for partial, path in partials.items():
            partial.replace(path)
    except BaseException:
        for partial in partials:
            partial.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # Windows can't open a folder to flush it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
