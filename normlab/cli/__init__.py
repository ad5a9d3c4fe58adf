"""The command line: results on stdout, narration on stderr, errors as lines, codes that scripts can trust."""

import atexit
import gc
import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from normlab.cli.app import OpenLab


def main(open_lab: "OpenLab") -> None:
    """Run the command line and exit; `open_lab` shows the screens, which this room knows nothing of.

    Codes: 0 done; 1 a run failed or diverged; 2 bad input; 128 + n after signal n.
    """
    atexit.register(_skip_last_collection)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a chart must not fail in a terminal without its characters
            stream.reconfigure(errors="replace")
    try:
        _run(open_lab)
    except (OSError, SystemExit) as leaving:
        # typer exits with 1, which says that a run failed, where the reader of stdout has left.
        error = leaving if isinstance(leaving, OSError) else leaving.__context__
        if not isinstance(error, OSError):
            raise
        from normlab.cli.output import output_failed

        sys.exit(output_failed(error))


def _skip_last_collection() -> None:
    """Let Python end without a last look for garbage: among all that torch has made, that takes 0.5 s."""
    if "triton" not in sys.modules:  # which complains of what is still there
        gc.freeze()


def _run(open_lab: "OpenLab") -> None:
    from normlab.core.garbage import pause_collecting

    pause_collecting()
    try:
        from normlab.cli.app import app
        from normlab.core.errors import NormlabError
    except KeyboardInterrupt:
        sys.exit(130)
    try:
        app(prog_name="normlab", obj=open_lab)
    except NormlabError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        sys.exit(2)
    finally:
        sys.stdout.flush()  # here, where it can still be told that it fails
