"""A study as a report to hand on: one page of HTML, or Markdown."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from normlab.core.errors import Problem
from normlab.core.files import write_atomically
from normlab.core.parsing import nearest
from normlab.exports.formats import ExportError
from normlab.exports.study_html import to_html
from normlab.exports.study_markdown import to_markdown
from normlab.exports.study_sections import report
from normlab.views.board import Board

ReportFormat = Literal["html", "markdown"]

_SUFFIXES: dict[str, str] = {"html": ".html", "markdown": ".md"}


def export_study(
    board: Board, format: ReportFormat, target: Path | None = None, overwrite: bool = False
) -> Path:
    """Write a study's report into a file, study-ID.html or study-ID.md where none is named; give its path.

    What is there already is replaced only with `overwrite`, and stays as it was where the export fails. The
    page opens without a network, and has drawings where matplotlib is installed.

    Raises: ExportError for what can't be written or stands there already, and an unknown format; ConfigError
    where another version made the study.
    """
    if format not in get_args(ReportFormat):
        raise ExportError(Problem("format", "is none of a report's", nearest(format, _SUFFIXES), format))
    path = (target or Path(f"study-{board.study.id}{_SUFFIXES[format]}")).absolute()
    if path.exists() and not path.is_file():
        rule, remedy = ("is a folder", "name a file in it") if path.is_dir() else ("is no file", "name one")
        raise ExportError(Problem(str(path), rule, remedy))
    if os.path.lexists(path) and not overwrite:  # be it a link that leads nowhere
        raise ExportError(Problem(str(path), "is there already", "name another place, or overwrite it"))
    raw = write_report(board, format)
    try:
        write_atomically(path, raw)
    except OSError as error:
        rule = f"can't be written: {error.strerror or error}"
        raise ExportError(Problem(str(path), rule, "free space, or name another place")) from error
    return path


def write_report(board: Board, format: ReportFormat) -> bytes:
    """Write a study's report; the same runs give the same bytes.

    Raises: ConfigError where another version made the study.
    """
    if format == "markdown":
        return to_markdown(report(board, draws=False))
    return to_html(report(board, draws=find_spec("matplotlib") is not None))
