"""The progress line, on a terminal of its own."""

import os
import subprocess
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

import fcntl
import pty
import struct
import termios


def on_terminal(arguments, columns):
    """Run the command line on a pseudo-terminal; give its exit code and all that it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
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
        code = process.wait(timeout=60)
    os.close(ours)
    return code, written.decode()


def test_a_terminal_of_80_columns_shows_where_the_run_is_and_how_long_it_takes(preset):
    settings = ["--seeds", "1", "--set", "training.epochs=3000", "--set", "model.norm.kind=layer"]
    code, written = on_terminal(["--preset", preset, "--no-ui", *settings], columns=80)
    assert code == 0
    lines = written.replace("\r", "\n").split("\n")
    live = [line for line in lines if "1/2 baseline · seed 0" in line and "epoch " in line]
    assert live, "the line names run, arm, seed and epoch"
    assert any("train_loss" in line for line in live)
    assert any("0:0" in line for line in live), "and the time left"
    assert "loading PyTorch" in written
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h"), "the cursor is shown again"
    assert "o baseline" in written
    assert "model.norm" in written
