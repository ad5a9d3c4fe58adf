"""Who trains: processes with runs under way, and which of them are dead."""

import os
import socket
import time
from dataclasses import dataclass
from functools import cache

import apsw
import psutil

HEARTBEAT_SECONDS = 10.0
# On another machine nobody can be looked up: whose heart hasn't beaten for so long is dead.
_SILENT_SECONDS = 6 * HEARTBEAT_SECONDS
# How exactly a process's start is told.
_CLOCK_SECONDS = 2.0


@dataclass(frozen=True)
class Owner:
    """A process, told from every other one that ever was on its machine."""

    host: str
    pid: int
    started: float
    """In seconds since 1970."""
    heartbeat: float

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs. A stopped one, or a machine that slept, counts as alive."""
        heard = time.time() - self.heartbeat < _SILENT_SECONDS
        if self.host != socket.gethostname():
            return heard
        try:
            # Who is heard of may have been given another start by a clock that was set.
            return abs(psutil.Process(self.pid).create_time() - self.started) < _CLOCK_SECONDS or heard
        except psutil.NoSuchProcess:
            return False
        except psutil.Error:
            return True


def this_process() -> Owner:
    """Describe the process that asks."""
    pid = os.getpid()
    return Owner(socket.gethostname(), pid, _start(pid), time.time())


@cache
def _start(pid: int) -> float:
    return psutil.Process(pid).create_time()


def register(connection: apsw.Connection, owner: Owner) -> int:
    """Note a process that is about to train, and give its number."""
    row = (owner.host, owner.pid, owner.started, owner.heartbeat)
    connection.execute("INSERT INTO owners (host, pid, started, heartbeat) VALUES (?, ?, ?, ?)", row)
    return connection.last_insert_rowid()


def is_registered(connection: apsw.Connection, number: int | None, owner: Owner) -> bool:
    """Tell whether a number still stands for that process; it may have been taken for dead."""
    row = connection.execute("SELECT host, pid, started FROM owners WHERE id = ?", (number,)).fetchone()
    return row == (owner.host, owner.pid, owner.started)


def dead(connection: apsw.Connection) -> dict[int, Owner]:
    """List the processes that have died with runs under way, by number."""
    rows = connection.execute("SELECT id, host, pid, started, heartbeat FROM owners")
    found = {number: Owner(*rest) for number, *rest in rows}
    return {number: owner for number, owner in found.items() if not owner.is_alive}
