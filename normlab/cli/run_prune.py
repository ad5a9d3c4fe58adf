"""normlab runs prune."""

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from normlab.cli.asking import agrees
from normlab.cli.tables import choose_form, print_rows
from normlab.core.memory import show_bytes
from normlab.core.text import visible
from normlab.store import edit
from normlab.store.errors import StoreError
from normlab.store.folder import FILE
from normlab.store.going_on import ENDED, STATE
from normlab.store.store import Store
from normlab.store.sweep import open_swept

# A run's folder may be there before its row: while it is imported, or the disk is slow.
_YOUNG_SECONDS = 3600.0

_What = Literal["deleted runs", "folders of no run", "states of completed runs"]


def prune(checkpoints: bool, dry_run: bool, yes: bool, json: bool, csv: bool) -> None:
    """Free the space of deleted runs and stray folders; with `checkpoints` that of completed runs' states.

    Raises: ConfigError where nobody can be asked; StoreError where the store can't be written.
    """
    form, store = choose_form(json, csv), open_swept()
    if store.is_read_only and not dry_run and store.problem is not None:
        raise StoreError(store.problem)
    found = _find(store, checkpoints)
    sizes = {path: _size(path) for path in found}
    total = show_bytes(sum(sizes.values()))
    if form == "text":
        _print(found, sizes)
    else:
        rows = [(what, visible(str(path), 4000), sizes[path]) for path, what in found.items()]
        print_rows(["what", "path", "bytes"], rows, form)
    if lost := _folders_of_no_run(store, recorded=True):
        told = f"{len(lost):,} folders hold runs that aren't in the store: normlab runs import"
        print(told, visible(str(lost[0]), 4000), "…" if len(lost) > 1 else "", file=sys.stderr)
    if not found:
        print("nothing to prune", file=sys.stderr)
    elif not dry_run and agrees(f"free {total} for good?", yes):
        freed = show_bytes(sum(sizes[path] for path in _remove(store, found, checkpoints)))
        print(f"freed {freed}", file=sys.stdout if form == "text" else sys.stderr)


def _print(found: dict[Path, _What], sizes: dict[Path, int]) -> None:
    for what in dict.fromkeys(found.values()):
        paths = [path for path, each in found.items() if each == what]
        some = ", ".join(visible(path.parent.name if path.name == STATE else path.name) for path in paths[:5])
        size = show_bytes(sum(sizes[path] for path in paths))
        print(f"{len(paths):,} {what}, {size}: {some}{', …' if len(paths) > 5 else ''}")


def _remove(store: Store, found: dict[Path, _What], checkpoints: bool) -> list[Path]:
    """Remove what was found and, now that somebody has answered, still nobody needs; give what has gone."""
    again = _find(store, checkpoints)
    going = [path for path, what in found.items() if again.get(path) == what]
    deleted = [path for path in going if found[path] == "deleted runs"]
    problems = edit.purge(store, [path.name for path in deleted]).problems if deleted else []
    problems += [problem for path in going if path not in deleted and (problem := edit.remove(path))]
    for problem in problems:
        print(f"warning: {problem}", file=sys.stderr)
    return [path for path in going if not path.exists()]


def _find(store: Store, checkpoints: bool) -> dict[Path, _What]:
    """Find what nobody can reach, and with `checkpoints` what runs that ended would be extended from."""
    with store.read() as connection:
        rows: list[Any] = connection.execute("SELECT id, outcome, deleted FROM runs").fetchall()
    found: dict[Path, _What] = {store.runs / run: "deleted runs" for run, _, deleted in rows if deleted}
    found |= dict.fromkeys(_folders_of_no_run(store, recorded=False), "folders of no run")
    if checkpoints:
        states = [
            store.runs / run / STATE for run, outcome, deleted in rows if outcome in ENDED and not deleted
        ]
        found |= {path: "states of completed runs" for path in states if path.is_file()}
    return found


def _folders_of_no_run(store: Store, recorded: bool) -> list[Path]:
    """Find the folders that the store doesn't know, and that nobody is about to tell it of.

    `recorded`: those that hold a run's record, and can be imported; or those that don't.
    """
    with store.read() as connection:
        known = {row[0] for row in connection.execute("SELECT id FROM runs")}
    found: list[Path] = []
    for path in sorted(store.runs.iterdir()) if store.runs.is_dir() else ():
        with suppress(StoreError):  # a name that is no run's id
            is_run = store.folder(path.name).is_dir() and not path.is_symlink()
            if is_run and path.name not in known and time.time() - path.stat().st_mtime > _YOUNG_SECONDS:
                found += [path] if (path / FILE).exists() == recorded else []
    return found


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.lstat().st_size for each in files)
