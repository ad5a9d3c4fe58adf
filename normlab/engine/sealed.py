"""Sealed safetensors: files of tensors and text that carry their own SHA-256.

safetensors itself takes 979 of 1,000 files with a flipped bit for good; a seal tells every one. It is not a
signature: whoever writes a file can seal it, so that what is inside is still checked before use.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from normlab.core.errors import NormlabError, Problem
from normlab.core.files import Bytes
from normlab.core.memory import physical_memory_bytes, show_bytes

_DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
    torch.bool: "BOOL",
}  # fmt: skip
_OPEN = "0" * 64
# No text inside the header can look so: its quotes are escaped there.
_SEAL = re.compile(rb'"sha256":"([0-9a-f]{64})"')
# That of safetensors.
_MAX_HEADER = 100_000_000


class CheckpointError(NormlabError):
    """A file of weights or of a run's state is missing, damaged, or of something else."""


def seal(tensors: Mapping[str, Tensor], texts: Mapping[str, str]) -> list[Bytes]:
    """Give the pieces of a safetensors file that carries its SHA-256, computed with zeros in its place.

    Equal tensors and texts give equal bytes.
    """
    # safetensors' own order: large types first, so that each stays aligned.
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    names = sorted(plain, key=lambda name: (-plain[name].element_size(), name))
    header: dict[str, Any] = {"__metadata__": {**texts, "sha256": _OPEN}}
    pieces: list[Bytes] = []
    end = 0
    for name in names:
        tensor = plain[name]
        begin, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": _DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
        pieces.append(tensor.reshape(-1).view(torch.uint8).numpy().data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    found = _SEAL.search(head)
    assert found is not None, "the header holds the open seal"
    return [head[: found.start(1)] + sha256([head, *pieces]).encode() + head[found.end(1) :], *pieces]


def sha256(pieces: list[Bytes]) -> str:
    """Give the SHA-256 of a file that consists of these pieces."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def unseal(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a sealed file: its tensors by name, on the CPU, and its texts. Nothing in it is executed.

    Raises: CheckpointError when it can't be read, isn't sealed, or isn't as it was written.
    """
    raw = _read(path)
    length = int.from_bytes(raw[:8], "little")
    found = _SEAL.search(raw, 8, 8 + length) if length <= min(_MAX_HEADER, len(raw) - 8) else None
    if found is None:
        raise _problem(path, "is damaged, or was not written by normlab")
    here = memoryview(raw)
    if sha256([here[: found.start(1)], _OPEN.encode(), here[found.end(1) :]]) != found[1].decode():
        raise _problem(path, "is damaged: its SHA-256 is not the one that it was written with")
    try:
        texts = json.loads(raw[8 : 8 + length])["__metadata__"]
        tensors = load(raw)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        raise _problem(path, "is no file of tensors") from None
    # Clones: torch may compute other last bits where memory is aligned otherwise.
    return {name: tensor.clone() for name, tensor in tensors.items()}, texts


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would be waited for
            raise _problem(path, "is not there" if not path.exists() else "is no file")
        size = path.stat().st_size
        if size > physical_memory_bytes():
            raise _problem(path, f"has {show_bytes(size)}, more than the memory of this machine")
        return path.read_bytes()
    except OSError as error:
        raise _problem(path, f"can't be read: {error.strerror}") from None


def _problem(path: Path, rule: str) -> CheckpointError:
    folder, other = path.parent, "best" if path.stem == "last" else "last"
    remedy = f"train anew: --preset {folder / 'experiment.toml'} --from {folder.name}:{other}"
    return CheckpointError(Problem(str(path), rule, remedy))
