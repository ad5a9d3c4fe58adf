"""A look for the dead, whenever the store is opened to be used."""

from contextlib import suppress
from pathlib import Path

import apsw

from normlab.core.errors import NormlabError
from normlab.store import owners
from normlab.store.errors import StoreError
from normlab.store.folder import write_record
from normlab.store.interrupted import end_runs_of
from normlab.store.store import Store, open_store


def open_swept(home: Path | None = None) -> Store:
    """Open the store as `open_store` does, and end the runs whose processes have died since.

    Raises: StoreError when the file there is no store.
    """
    store = open_store(home)
    sweep(store)
    return store


def sweep(store: Store) -> list[str]:
    """End the runs whose processes have died, as interrupted; give their ids.

    Where the store can't be written just now, they are ended another time.
    """
    with store.read() as connection:
        gone = owners.dead(connection)
    if not gone or store.is_read_only:
        return []
    ended: list[str] = []

    def end(connection: apsw.Connection) -> None:
        ended.clear()
        for number, owner in owners.dead(connection).items():
            ended.extend(end_runs_of(connection, number, f"its process {owner.pid} died", owner.heartbeat))

    with suppress(StoreError):
        store.write(end)
        for run in ended:
            with suppress(OSError, NormlabError):  # the store has it; the copy can be made again
                write_record(store, run)
    return ended
