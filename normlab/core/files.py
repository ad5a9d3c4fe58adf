"""Files that a crash leaves whole: the old one or the new one, never half of either."""

import os
from pathlib import Path


def write_atomically(path: Path, raw: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it into place.

    Raises: OSError when the disk is full or the folder can't be written; nothing is left behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)
    if os.name == "posix":  # Windows can't open a folder to flush it
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
