"""normlab runs prune."""

import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from normlab.cli.asking import agrees
from normlab.core.errors import Problem
from normlab.core.memory import show_bytes
from normlab.core.text import visible
from normlab.store import edit
from normlab.store.errors import StoreError
from normlab.store.store import Store
from normlab.store.sweep import open_swept

# A run's folder may be there before its row: while it is imported, or the disk is slow.
_YOUNG_SECONDS = 3600.0
_ID = re.compile(r"[a-z0-9]{4,32}")


def prune(checkpoints: bool, dry_run: bool, yes: bool) -> None:
    """Free the space of deleted runs and stray folders; with `checkpoints` that of completed runs' states.

    Raises: ConfigError where nobody can be asked; StoreError where the store can't be written.
    """
    store = open_swept()
    if store.is_read_only and not dry_run and store.problem is not None:
        raise StoreError(store.problem)
    deleted, stray = _deleted(store), list(_stray(store))
    states = list(_states(store)) if checkpoints else []
    found = {
        "deleted runs": [store.runs / run for run in deleted],
        "folders of no run": stray,
        "states of completed runs": states,
    }
    sizes = {what: sum(map(_size, paths)) for what, paths in found.items()}
    for what, paths in found.items():
        if paths:
            some = ", ".join(visible(path.parent.name if path.is_file() else path.name) for path in paths[:5])
            print(
                f"{len(paths):,} {what}, {show_bytes(sizes[what])}: {some}{', …' if len(paths) > 5 else ''}"
            )
    total = show_bytes(sum(sizes.values()))
    if not any(found.values()):
        print("nothing to prune", file=sys.stderr)
    elif not dry_run and agrees(f"free {total} for good?", yes):
        edit.purge(store)
        for path in (*stray, *states):
            _remove(path)
        print(f"freed {total}")


def _deleted(store: Store) -> list[str]:
    with store.read() as connection:
        return [row[0] for row in connection.execute("SELECT id FROM runs WHERE deleted IS NOT NULL")]


def _stray(store: Store) -> Iterator[Path]:
    """Find the folders of runs that the store doesn't know, and that nobody is about to tell it of."""
    with store.read() as connection:
        known = {row[0] for row in connection.execute("SELECT id FROM runs")}
    for path in sorted(store.runs.iterdir()) if store.runs.is_dir() else ():
        is_run = path.is_dir() and not path.is_symlink() and _ID.fullmatch(path.name) is not None
        if is_run and path.name not in known and time.time() - path.stat().st_mtime > _YOUNG_SECONDS:
            yield path


def _states(store: Store) -> Iterator[Path]:
    """Find what runs that reached their end would be extended from."""
    ended = "SELECT id FROM runs WHERE outcome IN ('completed', 'early_stopped') AND deleted IS NULL"
    with store.read() as connection:
        ids = [row[0] for row in connection.execute(ended)]
    for run in ids:
        if (path := store.runs / run / "state.safetensors").is_file():
            yield path


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.lstat().st_size for each in files)


def _remove(path: Path) -> None:
    try:
        path.unlink() if path.is_file() else shutil.rmtree(path)
    except OSError as error:
        problem = Problem(
            str(path), f"can't be removed: {error.strerror}", "remove it yourself", warning=True
        )
        print(f"warning: {problem}", file=sys.stderr)
