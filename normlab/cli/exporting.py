"""Errors of exports, with the options of the command line as their remedies."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from normlab.exports.formats import ExportError


@contextmanager
def naming_options() -> Generator[None]:
    """Name the options that let what stands somewhere already be left alone, or replaced."""
    try:
        yield
    except ExportError as error:
        remedy = "name another place with --out, or add --overwrite"
        told = (replace(p, remedy=remedy) if p.rule == "is there already" else p for p in error.problems)
        raise ExportError(*told) from None
