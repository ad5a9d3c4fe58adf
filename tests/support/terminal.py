"""The command line on a pseudo-terminal, which only POSIX has."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def on_terminal(arguments, columns, rows=24, signal=None, after=b"", answer=None):
    """Run the command line on a pseudo-terminal; give its exit code and all that it wrote.

    `signal` is sent, and `answer` typed, once it has written `after`.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "normlab", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux tells that the other end is closed
                break
            if not piece:
                break
            written += piece
            if signal is not None and after in written:
                process.send_signal(signal)
                signal = None
            if answer is not None and after in written:
                os.write(ours, f"{answer}\n".encode())
                answer = None
        code = process.wait(timeout=60)
    os.close(ours)
    return code, written.decode()
