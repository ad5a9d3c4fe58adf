"""normlab runs export."""

import os
from collections.abc import Sequence
from pathlib import Path

from normlab.cli.exporting import naming_options
from normlab.cli.run_compare import exhibits_of
from normlab.cli.tables import choose_form, print_pairs, print_rows
from normlab.core.errors import ConfigError, Problem
from normlab.core.text import visible
from normlab.exports.formats import FORMATS, default_target, export
from normlab.store.sweep import open_swept


def print_formats(json: bool, csv: bool) -> None:
    """Print a line per format, with what it is and the extra that it lacks. Raises: ConfigError."""
    form = choose_form(json, csv)
    if form != "text":
        rows = [(name, each.help, each.extra if each.missing else None) for name, each in FORMATS.items()]
        print_rows(["format", "help", "missing_extra"], rows, form)
        return
    for_lack = {
        name: f" (pip install 'normlab[{each.extra}]')" for name, each in FORMATS.items() if each.missing
    }
    print_pairs((name, each.help + for_lack.get(name, "")) for name, each in FORMATS.items())


def export_to(starts: Sequence[str], format: str, out: str | None, overwrite: bool) -> None:
    """Write runs in a format, and print the paths of what was written.

    Raises: ConfigError; StoreError; ExportError.
    """
    if not starts:
        raise ConfigError(Problem("--to", "needs runs to export", "name them: normlab runs list"))
    if out == "-":
        raise ConfigError(Problem("--out", "must be a file or a folder", "name one, or leave it out", out))
    exhibits = exhibits_of(open_swept(), starts)
    target = Path(os.path.expanduser(out)) if out else default_target(exhibits, format)
    with naming_options():
        for path in export(exhibits, format, target, overwrite):
            print(visible(str(path), 4000))
