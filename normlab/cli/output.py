"""Output that can't be written: its reader has left, or its disk is full."""

import errno
import os
import sys
from contextlib import suppress

_SIGPIPE = 13


def output_failed(error: OSError) -> int:
    """Give the exit code, and let what is still to be written go nowhere.

    Raises: the error, where it is of something else than output.
    """
    if error.filename is not None or error.errno not in (errno.EPIPE, errno.EIO, errno.ENOSPC):
        raise error
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if error.errno == errno.ENOSPC:
        os.dup2(nowhere, 1)
        with suppress(OSError):
            print("stdout: can't be written: no space left; free some, or write elsewhere", file=sys.stderr)
        return 1
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return 128 + _SIGPIPE
