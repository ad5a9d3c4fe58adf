"""A question before something is gone for good."""

import sys

import typer

from normlab.core.errors import ConfigError, Problem


def agrees(question: str, yes: bool) -> bool:
    """Ask on the terminal, unless --yes has answered. Raises: ConfigError where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigError(Problem("--yes", "is needed where nobody can be asked", f"it answers: {question}"))
    return typer.confirm(question, err=True)
