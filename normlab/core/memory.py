"""How much main memory there is, and how an amount of it is written."""

import os


def physical_memory_bytes() -> int:
    """Tell the size of the machine's main memory; 64 GiB where the system doesn't tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not on Windows
        return 64 * 2**30


def show_bytes(count: float) -> str:
    """Write a number of bytes for people.

    >>> show_bytes(3 * 2**30)
    '3.0 GiB'
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} TiB"
