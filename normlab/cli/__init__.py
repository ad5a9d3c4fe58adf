"""The command line: results on stdout, narration on stderr, errors as lines, codes that scripts can trust."""

import io
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from normlab.cli.app import OpenLab


def main(open_lab: "OpenLab") -> None:
    """Run the command line and exit; `open_lab` shows the screens, which this room knows nothing of.

    Codes: 0 done; 1 a run failed or diverged; 2 bad input; 128 + n after signal n.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a chart must not fail in a terminal without its characters
            stream.reconfigure(errors="replace")
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
