"""normlab studies report."""

import os
from pathlib import Path
from typing import cast, get_args

from normlab.cli.exporting import naming_options
from normlab.core.errors import ConfigError, Problem
from normlab.core.parsing import nearest
from normlab.core.text import visible
from normlab.exports.study_report import ReportFormat, export_study
from normlab.store.studies import find_study
from normlab.store.sweep import open_swept
from normlab.views.board import recall_board


def report(start: str, to: str, out: str | None, overwrite: bool) -> None:
    """Write a study's report, and print the file's path. Raises: ConfigError; StoreError; ExportError."""
    known: tuple[str, ...] = get_args(ReportFormat)
    if to not in known:
        raise ConfigError(Problem("--to", "is no format of a report", nearest(to, known), to))
    if out == "-":
        raise ConfigError(Problem("--out", "must be a file", "name one, or leave it out", out))
    store = open_swept()
    board = recall_board(find_study(store, start), store)
    target = Path(os.path.expanduser(out)) if out else None
    with naming_options():
        print(visible(str(export_study(board, cast("ReportFormat", to), target, overwrite)), 4000))
