"""The one thread that writes to the store: what comes together is committed together."""

import threading
import time
from collections.abc import Callable, Iterable

import apsw

from normlab.core.errors import Problem
from normlab.store.connection import PLACE_ERRORS
from normlab.store.errors import StoreError

Job = Callable[[apsw.Connection], None]
"""Writes within the transaction that is under way. It runs again where that fails."""

_LATE_SECONDS = 0.5
"""How late that which may come late is written."""
_RETRY_SECONDS = 0.5
# The writer rests this many times as long as its last commit took, so that it takes a fiftieth of the machine
# at most, whatever the disk; but no longer than that, or a screen would lag.
_REST = 50
_MAX_REST_SECONDS = 0.25


class Ticket:
    """A job that is to be committed."""

    def __init__(self, job: Job, due: float, once: bool = False) -> None:
        self.job, self.due, self.once = job, due, once
        self._error: Exception | None = None
        self._settled = threading.Event()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is on the disk; False where that takes longer.

        Raises: the job's own error; StoreError where it was to be tried once, and could not be written.
        """
        if not self._settled.wait(seconds):
            return False
        if self._error is not None:
            raise self._error
        return True

    @property
    def is_settled(self) -> bool:
        """Whether it is on the disk, or has failed."""
        return self._settled.is_set()

    @property
    def has_failed(self) -> bool:
        """Whether it is settled, and not on the disk."""
        return self._error is not None

    def settle(self, error: Exception | None = None) -> None:
        """Let go who waits."""
        self._error = error
        self._settled.set()


class Writer:
    """Commits jobs in their order, in a thread of its own, each when it is due or with one that is.

    Where the disk is full, or can't be written for another reason, `trouble` says so, and it tries again.
    """

    def __init__(self, open_connection: Callable[[], apsw.Connection], path: str) -> None:
        self._open, self._path = open_connection, path
        self._connection: apsw.Connection | None = None
        self._tickets: list[Ticket] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._rested = 0.0
        self.took_seconds = 0.0
        """How long the last commit took."""
        self._beat: Job | None = None
        self._beat_seconds = self._next_beat = 0.0
        self.trouble: Problem | None = None
        """What keeps the jobs from being written; none where they are."""

    def submit(self, job: Job, *, late: bool = False) -> Ticket:
        """Hand over a job, for as soon as the writer has rested; with `late` for half a second from now.

        Raises: StoreError when the store is closed.
        """
        now = time.monotonic()
        return self._add(Ticket(job, now + _LATE_SECONDS if late else max(now, self._rested)))

    def write(self, job: Job) -> None:
        """Do a job now, and wait until it is on the disk.

        Raises: StoreError when it can't be written, or the store is closed.
        """
        ticket = self._add(Ticket(job, 0.0, once=True))
        self.hurry()
        ticket.wait()

    def hurry(self) -> None:
        """Commit what is handed over without resting first: somebody waits for it."""
        with self._wake:
            for ticket in self._tickets:
                ticket.due = 0.0
            self._wake.notify_all()

    def withdraw(self, tickets: Iterable[Ticket]) -> None:
        """Give up jobs that were never committed; a transaction under way may still do so."""
        given_up = set(tickets)
        with self._wake:
            self._tickets = [ticket for ticket in self._tickets if ticket not in given_up]

    def beat(self, job: Job, seconds: float) -> None:
        """Do a job every so many seconds from now on, beside the others."""
        with self._wake:
            self._beat, self._beat_seconds = job, seconds
            self._next_beat = time.monotonic() + seconds
            self._wake.notify_all()

    def drain(self, seconds: float = 5.0) -> None:
        """Write what is left, for so long at most; nothing more is taken."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)

    def close(self) -> None:
        """Let go of the file, where all is written."""
        if self._connection is not None and not (self._thread and self._thread.is_alive()):
            self._connection.close()

    def _add(self, ticket: Ticket) -> Ticket:
        with self._wake:
            if self._closing:
                raise StoreError(Problem(self._path, "is closed", "open it anew"))
            self._tickets.append(ticket)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="normlab store", daemon=True)
                self._thread.start()
            self._wake.notify_all()
        return ticket

    def _work(self) -> None:
        while (batch := self._take()) is not None:
            if self._commit(batch):
                continue
            with self._wake:
                if self._closing:
                    break
                self._wake.wait(_RETRY_SECONDS)

    def _take(self) -> list[Ticket] | None:
        """Wait until a job is due, and give all there are; none where the store is closed."""
        with self._wake:
            while True:
                now = time.monotonic()
                if self._beat is not None and now >= self._next_beat and not self._closing:
                    self._next_beat = now + self._beat_seconds
                    self._tickets.append(Ticket(self._beat, now))
                due = min((ticket.due for ticket in self._tickets), default=None)
                if due is not None and (due <= now or self._closing):
                    return list(self._tickets)
                if self._closing:
                    return None
                dues = [due] if due is not None else []
                dues += [self._next_beat] if self._beat is not None else []
                self._wake.wait(min(dues) - now if dues else None)

    def _commit(self, batch: list[Ticket]) -> bool:
        """Commit a batch; False where its place can't be written now, and some of it is to be tried again."""
        try:
            self._connection = self._connection or self._open()
            self._transact(self._connection, batch)
        except PLACE_ERRORS as error:
            problem = _explain(error, self._path)
            once = [ticket for ticket in batch if ticket.once]
            self._settle(once, StoreError(problem))
            self.trouble = problem if len(batch) > len(once) else None
            return self.trouble is None
        except Exception as error:
            if len(batch) > 1:  # a job that is wrong must not take the others with it
                return all(self._commit([ticket]) for ticket in batch)
            self._settle(batch, error)
            return True
        self.trouble = None
        self._settle(batch, None)
        return True

    def _transact(self, connection: apsw.Connection, batch: list[Ticket]) -> None:
        began = time.monotonic()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for ticket in batch:
                ticket.job(connection)
            connection.execute("COMMIT")
            ended = time.monotonic()
            self.took_seconds = ended - began
            self._rested = ended + min(_REST * self.took_seconds, _MAX_REST_SECONDS)
        except BaseException:
            if not connection.get_autocommit():  # SQLite rolls back by itself where the disk is full
                connection.execute("ROLLBACK")
            raise

    def _settle(self, batch: list[Ticket], error: Exception | None) -> None:
        settled = set(batch)
        with self._wake:
            self._tickets = [ticket for ticket in self._tickets if ticket not in settled]
        for ticket in batch:
            ticket.settle(error)


def _explain(error: apsw.Error, path: str) -> Problem:
    match error:
        case apsw.FullError():
            return Problem(path, "no space left on its disk", "free some")
        case apsw.BusyError() | apsw.LockedError():
            return Problem(path, "another program holds it", "end that one")
        case apsw.ReadOnlyError() | apsw.CantOpenError():
            return Problem(path, "its folder can't be written", "set NORMLAB_HOME to one that can")
        case _:
            return Problem(path, f"its disk can't be written ({error})", "free space, or mend it")
