"""Processes that are forked from a test, and may be killed."""

import os
import signal
import sys
import time
import traceback


class Child:
    """A process that works with torch already imported, and says what it wants heard through a pipe."""

    def __init__(self, work):
        reader, writer = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reader)
            code = 1
            try:
                work(lambda text: os.write(writer, f"{text}\n".encode()))
                code = 0
            except BaseException:
                os.write(writer, f"error {traceback.format_exc()}\n".encode())
            finally:
                os._exit(code)
        os.close(writer)
        self.said = os.fdopen(reader, "r")

    def kill_after(self, seconds, num_lines=0):
        """Kill it so long after it has said that many lines, unless it has ended; give what it said."""
        said = [line for _ in range(num_lines) if (line := self.said.readline().rstrip("\n"))]
        time.sleep(seconds)
        os.kill(self.pid, signal.SIGKILL)
        return said + self.end()[0]

    def end(self):
        """Wait for its end; give what it said, and its exit code."""
        lines = self.said.read().splitlines()
        self.said.close()
        _, status = os.waitpid(self.pid, 0)
        assert not any(line.startswith("error") for line in lines), "\n".join(lines)
        return lines, status
