"""The command line: results on stdout, narration on stderr, errors as lines, codes that scripts can trust."""

import sys


def main() -> None:
    """Run the command line and exit.

    Codes: 0 done; 1 a run failed or diverged; 2 bad input; 128 + n after signal n.
    """
    try:
        from normlab.cli.app import app
        from normlab.core.errors import NormlabError
    except KeyboardInterrupt:
        sys.exit(130)
    try:
        app()
    except NormlabError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        sys.exit(2)
