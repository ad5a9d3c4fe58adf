"""The store, open: its file, who writes to it, and what keeps it from being written."""

import atexit
import os
import re
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw

from normlab.core import places
from normlab.core.errors import Problem
from normlab.store import owners
from normlab.store.connection import (
    PLACE_ERRORS,
    NewerStoreError,
    check,
    connect,
    connect_to_read,
    make,
)
from normlab.store.disk import free_spare, keep_spare, network_file_system
from normlab.store.errors import StoreError
from normlab.store.interrupted import end_runs_of
from normlab.store.schema import VERSIONS
from normlab.store.writer import Job, Writer

_ID = re.compile(r"[a-z0-9]{4,32}")


class Store:
    """One folder's runs. One per folder and process: see `open_store`. Any thread may use it."""

    def __init__(self, home: Path) -> None:
        self.home, self.path, self.runs = home, home / "lab.db", home / "runs"
        self.problem: Problem | None = None
        """What a person should know of it: why nothing is kept, or why it is slow."""
        self.is_read_only = False
        """Whether nothing can be kept."""
        self._journal = "wal"
        self._reader: apsw.Connection | None = None
        self._reading = threading.Lock()
        self._owner: int | None = None
        self.writer = Writer(lambda: connect(self.path, self._journal), str(self.path))
        self._look()

    def _look(self) -> None:
        """Find out whether the store can be written.

        Raises: StoreError when its file is damaged or another program's.
        """
        can_be_written = _can_be_written(self.path)
        if kind := network_file_system(_existing(self.home)):
            self._journal = "delete"
            rule = f"lies on a network file system ({kind}), where writing is slow and less safe"
            remedy = "set NORMLAB_HOME to a folder of this machine"
            self.problem = Problem(str(self.home), rule, remedy, warning=True)
        try:
            if self.path.exists():
                if can_be_written and self._journal != "wal":
                    self.write(lambda _: None)  # another log can be had before anybody reads only
                with self.read() as connection:
                    version = check(connection, self.path)
                if can_be_written and 0 < version < len(VERSIONS):
                    self.write(lambda _: None)  # brings it up to date
        except NewerStoreError as error:
            self.is_read_only, self.problem = True, error.problems[0]
        if not self.is_read_only and not can_be_written:
            rule, remedy = "can't be written: no run is kept", "set NORMLAB_HOME to a folder that can"
            self.is_read_only, self.problem = True, Problem(str(self.home), rule, remedy, warning=True)

    @contextmanager
    def read(self) -> Generator[apsw.Connection]:
        """Lend the connection that reads, to one thread at a time.

        Raises: StoreError when the file can't be read.
        """
        with self._reading:
            connection, lasts = self._reader, True
            try:
                if connection is None and self.path.exists():
                    connection, lasts = connect_to_read(self.path)
                    self._reader = connection if lasts else None
                yield connection if connection and _has_tables(connection) else _empty()
            except apsw.SQLError:
                if self.is_read_only and self.problem:  # a later version's tables may be other ones
                    raise StoreError(self.problem) from None
                raise
            except (apsw.NotADBError, apsw.CorruptError) as error:
                rule, remedy = f"is damaged, or no store ({error})", "move it away, and a new one is made"
                raise StoreError(Problem(str(self.path), rule, remedy)) from None
            except PLACE_ERRORS as error:
                rule, remedy = f"can't be read ({error})", "free space on its disk, or mend it"
                raise StoreError(Problem(str(self.path), rule, remedy)) from None
            finally:
                if connection is not None and not lasts:
                    connection.close()

    def write(self, job: Job) -> None:
        """Write something now, and wait until it is on the disk; on a full disk into the space kept for that.

        Raises: StoreError where that can't be done.
        """
        if self.is_read_only:
            assert self.problem is not None
            raise StoreError(self.problem)
        try:
            self.writer.write(job)
        except StoreError:
            if not self._spare.exists():
                raise
            self.free_spare()
            self.writer.write(job)

    def folder(self, run: str) -> Path:
        """Give the folder of a run.

        Raises: StoreError for an id that could name another place.
        """
        if not _ID.fullmatch(run):
            rule, remedy = "is no id of a run", "ids are 4 to 32 small letters and digits"
            raise StoreError(Problem("run", rule, remedy, run))
        return self.runs / run

    @property
    def trouble(self) -> Problem | None:
        """What keeps the store from being written just now."""
        return self.writer.trouble

    def owner(self, connection: apsw.Connection) -> int:
        """Give the number of this process among those that train; called by a job."""
        process = owners.this_process()
        if self._owner is None or not owners.is_registered(connection, self._owner, process):
            self._owner = owners.register(connection, process)
            self.writer.beat(self._beat, owners.HEARTBEAT_SECONDS)
        keep_spare(self._spare)
        return self._owner

    def _beat(self, connection: apsw.Connection) -> None:
        now = owners.this_process().heartbeat
        connection.execute("UPDATE owners SET heartbeat = ? WHERE id = ?", (now, self._owner))

    @property
    def _spare(self) -> Path:
        return self.path.with_name("lab.db-spare")

    def free_spare(self) -> None:
        """Give back the space that was kept for the end of a run on a full disk."""
        free_spare(self._spare)

    def close(self) -> None:
        """Write what is left and let go of the file; a run that is still recorded ends as interrupted."""
        if _open.get(self.home) is self:
            del _open[self.home]
        if self._owner is not None:
            number, self._owner = self._owner, None

            def leave(connection: apsw.Connection) -> None:
                end_runs_of(connection, number, "normlab was left", time.time())

            self.writer.submit(leave)
        self.writer.drain()
        with self._reading:  # first: a writer that is the last to close takes the log into the file
            if self._reader is not None:
                self._reader.close()
                self._reader = None
        self.writer.close()


_open: dict[Path, Store] = {}
_opening = threading.Lock()
if hasattr(os, "register_at_fork"):  # a child has neither the threads nor the locks of what was open
    os.register_at_fork(after_in_child=_open.clear)


def open_store(home: Path | None = None) -> Store:
    """Open the store of a folder, by default of NORMLAB_HOME; the second time it is the same one.

    Raises: StoreError when the file there is no store.
    """
    home = Path(os.path.abspath(home or places.home()))
    with _opening:
        if home not in _open:
            _open[home] = Store(home)
        return _open[home]


@atexit.register
def _close_all() -> None:
    for store in list(_open.values()):
        store.close()


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _can_be_written(path: Path) -> bool:
    here = _existing(path)
    folder = path.parent if here == path else here
    return folder.is_dir() and os.access(here, os.W_OK) and os.access(folder, os.W_OK)


def _has_tables(connection: apsw.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").get is not None


def _empty() -> apsw.Connection:
    """Stand in for a file that isn't there yet, or that a crash has left before its first commit."""
    connection = apsw.Connection(":memory:")
    make(connection)
    return connection
