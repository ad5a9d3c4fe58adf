"""The device that a run trains on."""

import re
from typing import TYPE_CHECKING

from normlab.core.errors import ConfigError, Problem

if TYPE_CHECKING:
    import torch


def pick_device(name: str = "auto") -> "torch.device":
    """Find the device of that name: "auto" takes CUDA, else MPS, else the CPU.

    Raises: ConfigError when it is unknown or not there.
    """
    import torch

    check_device_name(name)
    available = [str(device) for device in devices()]
    if name == "auto":
        return torch.device(available[:2][-1])
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in available:
        raise ConfigError(Problem("device", "is not available here", f"use {' or '.join(available)}", name))
    return torch.device(wanted)


def check_device_name(name: str) -> None:
    """Look at a device's name alone, which costs no torch.

    Raises: ConfigError when no device is called so.
    """
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", name):
        raise ConfigError(Problem("device", "is unknown", "use auto, cpu, cuda, cuda:N or mps", name))


def devices() -> "list[torch.device]":
    """List the devices of this machine, the CPU first."""
    import torch

    found = [torch.device("cpu")]
    found += [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(torch.device("mps"))
    return found


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out; the CPU's allocator says so only in its text."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)
