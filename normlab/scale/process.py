"""A worker process as its parent sees it: sent requests, read, and brought to its end."""

import os
import signal
import sys
from contextlib import suppress
from queue import Empty, Queue
from subprocess import PIPE, Popen, TimeoutExpired
from threading import Thread

from normlab.core.text import visible
from normlab.scale.messages import Request, write

COMMAND = (sys.executable, "-P", "-m", "normlab.scale.worker")
_UNREAD = 64
"""Lines that are read before somebody wants them."""
_END_SECONDS = 5.0
"""What one that was told to end is given for it."""
_POLL_SECONDS = 0.1
_TAIL_BYTES = 4096


class Process:
    """A worker process that lives, and the threads that read what it writes."""

    def __init__(self) -> None:
        # The same modules as here, and none of the folder that somebody stands in.
        path = os.pathsep.join(each or os.getcwd() for each in sys.path)
        # Popen: multiprocessing stumbles inside Textual over streams that have no number.
        self._popen = Popen(
            COMMAND, stdin=PIPE, stdout=PIPE, stderr=PIPE, env={**os.environ, "PYTHONPATH": path}
        )
        self.lines: Queue[bytes | None] = Queue(_UNREAD)
        """Its lines on stdout; none after the last one."""
        self._tail = b""
        self._readers = [Thread(target=each, daemon=True) for each in (self._read_stdout, self._read_stderr)]
        for thread in self._readers:
            thread.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def send(self, request: Request) -> None:
        """Send a request; that a process has died is told by the end of its lines."""
        assert self._popen.stdin is not None
        with suppress(OSError):
            self._popen.stdin.write(write(request))
            self._popen.stdin.flush()

    def end(self) -> str:
        """Wait for one whose lines have ended, and tell how it ended."""
        try:
            code = self._popen.wait(_END_SECONDS)
        except TimeoutExpired:
            self._popen.kill()
            code = self._popen.wait()
        self._readers[1].join(1.0)
        how = f"killed by {_signal_name(-code)}" if code < 0 else f"with exit code {code}"
        words = " ".join(self._tail.decode(errors="replace").split())
        return f"{how}, saying {visible(words[-400:], 400)}" if words else how

    def close(self) -> None:
        """End it by the end of its stdin."""
        assert self._popen.stdin is not None
        with suppress(OSError):
            self._popen.stdin.close()
        try:
            self._popen.wait(_END_SECONDS)
        except TimeoutExpired:
            self._popen.kill()
        self._let_go()

    def kill(self) -> None:
        """End it at once."""
        self._popen.kill()
        self._let_go()

    def _let_go(self) -> None:
        self._popen.wait()
        while self._readers[0].is_alive():  # it may wait for room
            with suppress(Empty):
                self.lines.get(timeout=_POLL_SECONDS)
        for stream in (self._popen.stdin, self._popen.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()

    def _read_stdout(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            if line.endswith(b"\n"):  # the last one may be cut short
                self.lines.put(line)
        self.lines.put(None)

    def _read_stderr(self) -> None:
        assert self._popen.stderr is not None
        with self._popen.stderr as stream:
            while read := os.read(stream.fileno(), _TAIL_BYTES):
                self._tail = (self._tail + read)[-_TAIL_BYTES:]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
