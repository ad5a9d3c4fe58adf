"""Who trains: processes with runs under way, and which of them are dead."""

import os
import socket
import time
from dataclasses import dataclass

import apsw
import psutil

HEARTBEAT_SECONDS = 10.0
# On another machine nobody can be looked up: whose heart hasn't beaten for so long is dead.
_SILENT_SECONDS = 6 * HEARTBEAT_SECONDS
# A process's start is told by the clock, which may be set meanwhile; a pid comes again much later.
_CLOCK_SECONDS = 30.0


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
        if self.host != socket.gethostname():
            return time.time() - self.heartbeat < _SILENT_SECONDS
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < _CLOCK_SECONDS
        except psutil.NoSuchProcess:
            return False
        except psutil.Error:
            return True


def this_process() -> Owner:
    """Describe the process that asks."""
    pid = os.getpid()
    return Owner(socket.gethostname(), pid, psutil.Process(pid).create_time(), time.time())


def register(connection: apsw.Connection, owner: Owner) -> int:
    """Note a process that is about to train, and give its number."""
    row = (owner.host, owner.pid, owner.started, owner.heartbeat)
    connection.execute("INSERT INTO owners (host, pid, started, heartbeat) VALUES (?, ?, ?, ?)", row)
    return connection.last_insert_rowid()


def dead(connection: apsw.Connection) -> dict[int, Owner]:
    """List the processes that have died with runs under way, by number."""
    rows = connection.execute("SELECT id, host, pid, started, heartbeat FROM owners")
    found = {number: Owner(*rest) for number, *rest in rows}
    return {number: owner for number, owner in found.items() if not owner.is_alive}
