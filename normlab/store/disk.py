"""What kind of disk a folder lies on, and a spare file on it for when it is full."""

import os
from contextlib import suppress
from pathlib import Path

import psutil

# SQLite's write-ahead log needs memory that processes share, which these don't give between machines.
_NETWORK = ("nfs", "cifs", "smb", "afs", "9p", "ceph", "lustre", "gpfs", "fuse.sshfs", "beegfs", "davfs")
_SPARE_BYTES = 256 * 1024


def network_file_system(folder: Path) -> str | None:
    """Name the network file system that a folder lies on; none where it is a local one."""
    real = os.path.realpath(folder)
    with suppress(OSError, RuntimeError):
        mounts = sorted(psutil.disk_partitions(all=True), key=lambda part: len(part.mountpoint))
        for part in reversed(mounts):
            if os.path.commonpath([real, part.mountpoint]) == part.mountpoint:
                return part.fstype if part.fstype.startswith(_NETWORK) else None
    return None


def keep_spare(path: Path) -> None:
    """Keep some space, so that the end of a run can still be written on a full disk."""
    if path.exists():
        return
    try:
        path.write_bytes(os.urandom(_SPARE_BYTES))
    except OSError:
        free_spare(path)  # half of one is of no use


def free_spare(path: Path) -> None:
    """Give the kept space back."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
