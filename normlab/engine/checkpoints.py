"""Weights on the disk: safetensors, written so that a crash leaves the old file or the new one."""

import hashlib
import json
import os
from pathlib import Path

from torch import Tensor

from normlab.engine.events import Point


def write_weights(path: Path, weights: dict[str, Tensor], point: Point) -> str:
    """Write weights with the moment they are from, and give the file's SHA-256.

    Raises: OSError when the disk is full or the folder can't be written.
    """
    from safetensors.torch import save

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    raw = save(plain, metadata={"point": json.dumps(point.model_dump(mode="json"))})
    write_atomically(path, raw)
    return hashlib.sha256(raw).hexdigest()


def write_atomically(path: Path, raw: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it into place.

    Raises: OSError when the disk is full or the folder can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    if os.name == "posix":  # Windows can't open a folder to flush it
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
