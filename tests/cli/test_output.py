"""Output that nobody reads, or that finds no room, ends a command with a code that says so."""

import errno
import os
import subprocess
import sys

import pytest

from normlab.cli.output import output_failed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
COMMAND = [sys.executable, "-m", "normlab"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def pipe_without_reader():
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("arguments", [["presets", "list"], ["presets", "schema"], ["--help"]])
def test_a_table_whose_reader_has_left_is_code_141_and_silence(tmp_path, arguments):
    writer = pipe_without_reader()
    environment = {**ENVIRONMENT, "NORMLAB_HOME": str(tmp_path / "home")}
    done = subprocess.run([*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, env=environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [["presets", "list"], ["presets", "schema"]])
def test_a_table_on_a_full_disk_is_a_line_and_code_1(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert done.returncode == 1
    assert done.stderr == b"stdout: can't be written: no space left; free some, or write elsewhere\n"


def test_a_training_whose_stdout_and_stderr_are_read_by_nobody_is_code_141(preset):
    writer = pipe_without_reader()
    done = subprocess.run(
        [*COMMAND, "--preset", preset, "--no-ui", "--seeds", "1"],
        stdout=writer,
        stderr=writer,
        env=ENVIRONMENT,
    )
    os.close(writer)
    assert done.returncode == 141


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left", "weights"), OSError(errno.EACCES, "Permission denied")]
)
def test_an_error_of_something_else_is_raised_on(error):
    with pytest.raises(OSError) as caught:
        output_failed(error)
    assert caught.value is error
