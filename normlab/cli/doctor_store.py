"""What the doctor says of the store and its disk."""

import shutil
from pathlib import Path

import apsw

from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.core.memory import show_bytes
from normlab.core.text import visible
from normlab.store.connection import check, connect_to_read
from normlab.store.disk import network_file_system
from normlab.store.find import find_runs
from normlab.store.owners import dead
from normlab.store.sweep import open_swept

# Of a disk: the weights of a few small runs.
_LEAST_FREE = 64 * 2**20


def examine_store() -> int:
    """Print how the store is; give the number of its faults."""
    path, faults = places.home() / "lab.db", 0
    print(f"sqlite       {apsw.sqlite_lib_version()}")
    try:
        if path.exists():
            faults += _look_into()
        else:
            print("store        none yet; the first run makes it")
    except (NormlabError, apsw.Error) as error:
        faults += 1
        print(f"store        {visible(str(error), 1000)}")
    existing = existing_part(path)
    kind = network_file_system(existing)
    free = shutil.disk_usage(existing).free
    full = f": too little for runs; free {show_bytes(_LEAST_FREE)} or more" if free < _LEAST_FREE else ""
    print(f"disk         {show_bytes(free)} free{f' on {kind}' if kind else ''}{full}")
    return faults + bool(full)


def existing_part(path: Path) -> Path:
    """Give the path, or where it isn't there yet the nearest folder above that is."""
    return next(each for each in (path, *path.parents) if each.exists())


def _look_into() -> int:
    path = places.home() / "lab.db"
    connection, _ = connect_to_read(path)
    version = check(connection, path)
    num_dead = len(dead(connection))  # opening the store ends their runs
    said = str(connection.pragma("quick_check")).splitlines()[0]
    connection.close()
    store = open_swept()
    size = sum(each.stat().st_size for each in (path, path.with_name("lab.db-wal")) if each.exists())
    total, running = find_runs(store, limit=1).total, find_runs(store, "outcome=running", limit=1).total
    print(f"store        {total:,} runs, version {version}, {show_bytes(size)}")
    if running:
        print(f"             {running:,} under way")
    if num_dead:
        print(
            f"             processes that died with runs under way: {num_dead:,}; their runs can be resumed"
        )
    if store.problem is not None:
        print(f"             {store.problem}")
    if said != "ok":
        print(f"             is damaged: {visible(said, 400)}; mend its disk, or move it away to begin anew")
    return (said != "ok") + store.is_read_only
