"""A study's one extension: told before it is spent, and on a terminal asked for."""

import sys

import typer

from normlab.analysis.judge import ALPHA
from normlab.cli.report import PipeConsole
from normlab.cli.study_size import seed_warnings
from normlab.store.studies import KeptStudy


def agrees_to_extend(study: KeptStudy, yes: bool) -> bool:
    """Tell what it means to extend a study, and ask on a terminal unless --yes has answered."""
    console = PipeConsole(stderr=True, highlight=False, markup=False)
    before, after = study.looks[0], study.looks[-1]
    said = (
        f"extends study {study.id} from {before} to {after} seeds: its one extension, a second look, with "
        f"which each look is judged at half the level, {100 * ALPHA / 2:g} %"
    )
    for line in (said, *(f"warning: {line}" for line in seed_warnings(study.preset, len(study.looks)))):
        console.print(line, soft_wrap=not console.is_terminal)
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return typer.confirm("this is the study's one extension: go on?", err=True)
