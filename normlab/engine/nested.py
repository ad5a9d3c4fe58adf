"""Nested data with tensors in it, as JSON text and tensors by name: no pickle, and every float exact."""

import json
import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor


def pack(value: object) -> tuple[str, dict[str, Tensor]]:
    """Part dicts, lists, tuples, numbers, texts, None and tensors into JSON, and tensors by their paths.

    >>> import torch
    >>> pack({"step": torch.ones(1), 0: (1.0, float("nan"))})[0]
    '{"dict": [["step", {"tensor": "step"}], [0, {"tuple": [1.0, {"float": "nan"}]}]]}'
    """
    tensors: dict[str, Tensor] = {}
    return json.dumps(_pack(value, "", tensors), allow_nan=False), tensors


def unpack(text: str, tensors: Mapping[str, Tensor]) -> Any:
    """Put together what `pack` has parted.

    Raises: ValueError, KeyError, TypeError or RecursionError where `pack` hasn't made it.
    """
    return _unpack(json.loads(text), tensors)


def _pack(value: object, path: str, tensors: dict[str, Tensor]) -> object:
    match value:
        case Tensor():
            assert path not in tensors, f"two tensors at {path}"
            tensors[path] = value
            return {"tensor": path}
        case Mapping():
            inner = [[key, _pack(item, _join(path, key), tensors)] for key, item in value.items()]  # pyright: ignore
            return {"dict": inner}
        case list() | tuple():
            inner = [_pack(item, _join(path, index), tensors) for index, item in enumerate(value)]  # pyright: ignore
            return {"tuple": inner} if isinstance(value, tuple) else inner
        case float() if not math.isfinite(value):
            return {"float": str(value)}
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise TypeError(f"{path} is a {type(value).__name__}, which has no place in a checkpoint")


def _join(path: str, key: object) -> str:
    return f"{path}/{key}" if path else str(key)


def _unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    match value:
        case {"tensor": str(name)}:
            return tensors[name]
        case {"dict": list(items)}:
            return {key: _unpack(item, tensors) for key, item in items}
        case {"tuple": list(items)}:
            return tuple(_unpack(item, tensors) for item in items)
        case {"float": "nan" | "inf" | "-inf" as text}:
            return float(text)
        case dict():
            raise ValueError("is nothing that was packed")
        case list():
            return [_unpack(item, tensors) for item in value]
        case _:
            return value
