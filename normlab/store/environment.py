"""What a run ran with: versions and the machine."""

import os
import platform
from functools import cache
from importlib import metadata

from normlab.core.text import visible
from normlab.stacked.kept_library import Library

_PACKAGES = ("normlab", "torch", "numpy", "scikit-learn", "torchvision")


@cache
def environment(device: str, library: Library | None) -> dict[str, str]:
    """Describe what runs on a device of this machine run with, by name; `library` multiplies matrices."""
    found = {package: _version(package) for package in _PACKAGES}
    found |= {"python": platform.python_version(), "platform": platform.platform()}
    found |= {"processor": platform.processor() or platform.machine(), "cores": str(os.cpu_count())}
    if library is not None:
        found["products"] = library
    if device.startswith("cuda"):
        import torch

        found |= {"gpu": torch.cuda.get_device_name(device), "cuda": str(torch.version.cuda)}
    return {name: visible(text, 200) for name, text in found.items()}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
