"""Randomness by name: every draw comes from a stream keyed by (seed, purpose, place).

So two arms under one seed share the data, its split and order, and the initial weights of every layer
that they share, whatever else is added or left out.
"""

import hashlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import torch

Purpose = Literal["data", "split", "label_noise", "val_contrast", "order", "init", "dropout", "evaluation"]


def stream_seed(seed: int, purpose: Purpose, place: str | int = "") -> int:
    """Give the 63-bit seed of a stream; equal keys give equal seeds on every machine.

    >>> stream_seed(0, "init", "head") == stream_seed(0, "init", "head") != stream_seed(1, "init", "head")
    True
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{place}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def numpy_stream(seed: int, purpose: Purpose, place: str | int = "") -> "np.random.Generator":
    """Give a stream of numpy draws."""
    import numpy as np

    return np.random.default_rng(stream_seed(seed, purpose, place))


def torch_stream(
    seed: int, purpose: Purpose, place: str | int = "", device: "torch.device | str" = "cpu"
) -> "torch.Generator":
    """Give a stream of torch draws on a device."""
    import torch

    return torch.Generator(device).manual_seed(stream_seed(seed, purpose, place))
