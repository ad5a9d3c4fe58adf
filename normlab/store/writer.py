"""The one thread that writes to the store: what comes together is committed together."""

import threading
import time
from collections.abc import Callable

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

    def __init__(self, job: Job, due: float, after: Callable[[], None] | None = None) -> None:
        self.job, self.due, self.after = job, due, after
        self.error: Exception | None = None
        self._done = threading.Event()

    @property
    def done(self) -> bool:
        """Whether it is on the disk, or has failed for good."""
        return self._done.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is on the disk; False where that takes longer.

        Raises: the job's own error, which is a fault of the program.
        """
        if not self._done.wait(seconds):
            return False
        if self.error is not None:
            raise self.error
        return True

    def finish(self, error: Exception | None = None) -> None:
        """Let go who waits, then do what comes after."""
        self.error = error
        self._done.set()
        if self.after is not None and error is None:
            self.after()


class Writer:
    """Commits jobs in their order, in a thread of its own, each when it is due or with one that is.

    Where the disk is full, or can't be written for another reason, `trouble` says so, and it tries again.
    """

    def __init__(self, open_connection: Callable[[], apsw.Connection]) -> None:
        self._open = open_connection
        self._connection: apsw.Connection | None = None
        self._tickets: list[Ticket] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._rested = 0.0
        self.trouble: Problem | None = None
        """What keeps the jobs from being written; none where they are."""
        self._beat: tuple[Job, float] | None = None

    def submit(self, job: Job, *, late: bool = False, after: Callable[[], None] | None = None) -> Ticket:
        """Hand over a job, for as soon as the writer has rested; with `late` for half a second from now.

        `after` is done in the writer's thread once the job is on the disk; nobody waits for it.
        """
        now = time.monotonic()
        ticket = Ticket(job, now + _LATE_SECONDS if late else max(now, self._rested), after)
        with self._wake:
            if self._closing:
                raise RuntimeError("the store is closed")
            self._tickets.append(ticket)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="normlab store", daemon=True)
                self._thread.start()
            self._wake.notify_all()
        return ticket

    def hurry(self) -> None:
        """Commit what is handed over without resting first: somebody waits for it."""
        with self._wake:
            for ticket in self._tickets:
                ticket.due = 0.0
            self._wake.notify_all()

    def write(self, job: Job, path: str) -> None:
        """Do a job now, and wait until it is on the disk; `path` names the store in an error.

        Raises: StoreError when the place can't be written.
        """
        ticket = self.submit(job)
        self.hurry()
        while not ticket.wait(0.05):
            if (trouble := self.trouble) is not None:
                with self._wake:
                    if ticket in self._tickets:
                        self._tickets.remove(ticket)
                raise StoreError(Problem(path, trouble.rule, trouble.remedy))

    def beat(self, job: Job, seconds: float) -> None:
        """Do a job every so many seconds from now on, beside the others."""
        self._beat = job, seconds

    def finish(self, seconds: float = 5.0) -> None:
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
                rest = min((ticket.due for ticket in self._tickets), default=None)
                if rest is not None and (rest <= now or self._closing):
                    return list(self._tickets)
                if self._closing:
                    return None
                pause = None if rest is None else rest - now
                if self._beat is not None:
                    job, seconds = self._beat
                    pause = seconds if pause is None else min(pause, seconds)
                    if not self._wake.wait(pause) and rest is None:
                        self._tickets.append(Ticket(job, now))
                else:
                    self._wake.wait(pause)

    def _commit(self, batch: list[Ticket]) -> bool:
        """Commit a batch; False where its place can't be written now."""
        try:
            self._connection = self._connection or self._open()
            self._transact(self._connection, batch)
        except PLACE_ERRORS as error:
            self.trouble = _explain(error)
            return False
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
            self._rested = ended + min(_REST * (ended - began), _MAX_REST_SECONDS)
        except BaseException:
            if not connection.get_autocommit():
                connection.execute("ROLLBACK")
            raise

    def _settle(self, batch: list[Ticket], error: Exception | None) -> None:
        with self._wake:
            self._tickets = [ticket for ticket in self._tickets if ticket not in batch]
        for ticket in batch:
            ticket.finish(error)


def _explain(error: apsw.Error) -> Problem:
    match error:
        case apsw.FullError():
            return Problem("the store", "no space left on its disk", "free some")
        case apsw.BusyError() | apsw.LockedError():
            return Problem("the store", "another program holds it", "end that one")
        case apsw.ReadOnlyError() | apsw.CantOpenError():
            return Problem("the store", "its folder can't be written", "set NORMLAB_HOME to one that can")
        case _:
            return Problem("the store", f"its disk can't be written ({error})", "free space, or mend it")
