"""The file that holds which library multiplies matrices on this machine; reading it takes no torch."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Literal, get_args

from normlab.core import places

Library = Literal["blas", "onednn"]


def kept() -> Library | None:
    """Give the choice that was kept for this machine and torch; none where there is no readable one."""
    try:
        with _path().open("rb") as file:
            raw = file.read(20)
    except OSError:
        return None
    return next((each for each in get_args(Library) if raw == each.encode()), None)


def keep(chosen: Library) -> Library:
    """Keep a choice, unless another process was first: then give that one's.

    Raises: OSError when it can't be kept.
    """
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(chosen.encode())
        os.link(partial, path)  # whole, or not at all; and never over what is there
    except FileExistsError:
        if found := kept():
            return found
        partial.replace(path)  # what is there says nothing
    finally:
        partial.unlink(missing_ok=True)
    return chosen


def _path() -> Path:
    name = f"{version('torch')} {_processor()}"
    return places.home() / "products" / re.sub(r"[^A-Za-z0-9.]+", "-", name)[:200]


def _processor() -> str:
    found = ""
    try:
        core = Path("/proc/cpuinfo").read_text("utf-8", "replace").partition("\n\n")[0]
        found = " ".join(re.findall(r"^(?:model name|cpu family|model)\s*: (.*)$", core, re.M))
    except OSError:
        pass
    return found or platform.processor() or platform.machine()
