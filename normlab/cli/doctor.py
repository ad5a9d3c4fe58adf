"""normlab doctor: what this machine offers, and what is wrong with it."""

import platform
from importlib import import_module, metadata
from pathlib import Path
from tempfile import TemporaryFile

from normlab.cli.doctor_store import examine_store, existing_part
from normlab.core import places

_PACKAGES = (
    "normlab",
    "torch",
    "torchvision",
    "numpy",
    "scikit-learn",
    "pydantic",
    "apsw",
    "textual",
    "rich",
)


def examine() -> int:
    """Print versions, devices and folders; give 1 where something keeps runs from working."""
    faults = 0
    print(f"python       {platform.python_version()} on {platform.platform()}")
    for package in _PACKAGES:
        try:
            print(f"{package:12} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            faults += 1
            print(f"{package:12} is missing; reinstall normlab")
    try:
        import torch

        import_module("torchvision")  # the two fail together where they don't match
        from normlab.engine.device import devices, pick_device
        from normlab.stacked.kept_library import kept

        for device in devices():
            name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
            chosen = " (auto)" if device == pick_device("auto") else ""
            print(f"device       {device}: {name}{chosen}")
        print(f"threads      {torch.get_num_threads()}")
        print(f"products     {kept() or 'not chosen yet: the first run measures'}")
    except (ImportError, OSError, RuntimeError) as error:
        faults += 1
        print(f"device       torch can't be loaded: {error}; reinstall torch and torchvision together")
    for what, folder in (("home", places.home()), ("runs", places.runs()), ("data", places.data())):
        fault = _fault(folder)
        faults += bool(fault)
        print(f"{what:12} {folder}{': ' + fault if fault else ''}")
    faults += examine_store()
    shipped = places.shipped_presets()
    count = len(list(shipped.glob("*.toml")))
    faults += not count
    print(f"presets      {count} in {shipped}" + ("" if count else ": none found; reinstall normlab"))
    print("all is well" if not faults else f"{faults} fault{'s' * (faults > 1)}")
    return min(faults, 1)


def _fault(folder: Path) -> str:
    """Say what keeps a folder from being written, without making it."""
    existing = existing_part(folder)
    if not existing.is_dir():
        return f"{existing} is not a folder; set NORMLAB_HOME to one"
    try:
        with TemporaryFile(dir=existing):
            return ""
    except OSError as error:
        said = (error.strerror or "it refuses files").lower()
        return f"can't be written ({said}); set NORMLAB_HOME to a folder that can"
