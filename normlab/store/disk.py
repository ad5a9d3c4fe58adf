"""What kind of disk a folder lies on, and a spare file on it for when it is full."""

import os
from contextlib import suppress
from pathlib import Path

import psutil

# SQLite's write-ahead log needs memory that processes share, which these don't give between machines.
_NETWORK = (
    "nfs", "cifs", "smb", "afs", "afpfs", "9p", "ceph", "lustre", "gpfs", "beegfs", "davfs", "webdav",
    "vboxsf", "fuse.sshfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs",
)  # fmt: skip
_SPARE_BYTES = 256 * 1024


def network_file_system(folder: Path) -> str | None:
    """Name the network file system that a folder lies on; none where it is a local one."""
    real = Path(os.path.realpath(folder))
    with suppress(OSError, RuntimeError):
        mounts = [part for part in psutil.disk_partitions(all=True) if real.is_relative_to(part.mountpoint)]
        nearest = max(mounts, key=lambda part: len(part.mountpoint), default=None)
        if nearest is not None and nearest.fstype.startswith(_NETWORK):
            return nearest.fstype
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
