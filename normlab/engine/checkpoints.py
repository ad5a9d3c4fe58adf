"""Weights on the disk, as safetensors."""

import hashlib
import json
from pathlib import Path

from torch import Tensor

from normlab.core.files import write_atomically
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
