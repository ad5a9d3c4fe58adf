"""normlab presets: list, check and schema."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from normlab.cli.study_size import seed_warnings, size_of
from normlab.cli.tables import choose_form, print_csv, print_json, print_pairs
from normlab.core import places
from normlab.core.errors import NormlabError, Problem
from normlab.core.text import visible
from normlab.lab.checks import check_arms
from normlab.lab.one_change import changes
from normlab.lab.presets import (
    Preset,
    find_preset,
    load_preset,
    load_preset_file,
    preset_files,
    read_text,
)


def print_list(json: bool = False, csv: bool = False) -> None:
    """Print a line per preset: its name and title; a broken file's line holds its first error."""
    form = choose_form(json, csv)
    rows = [_describe(path) for path in preset_files()]
    if form == "json":
        print_json(rows)
    elif form == "csv":
        print_csv(list(rows[0]) if rows else [], [list(row.values()) for row in rows])
    else:
        print_pairs((visible(str(row["name"])), _line(row)) for row in rows)


def _describe(path: Path) -> dict[str, Any]:
    own = path.parent == places.own_presets()
    about: dict[str, Any] = {"name": path.stem, "title": None, "arms": None, "seeds": None, "own": own}
    try:
        preset = load_preset_file(path)
    except NormlabError as error:
        return about | {"problem": str(error.problems[0])}
    sizes = {"arms": len(preset.experiments), "seeds": len(preset.seeds), "problem": None}
    return about | {"title": preset.title} | sizes


def _line(row: dict[str, Any]) -> str:
    if row["problem"]:
        return visible(f"broken: {row['problem']}", 200)
    arms = f" [{row['arms']} arms]" if row["arms"] > 1 else ""
    return visible(f"{row['title']}{arms}{' (own)' if row['own'] else ''}", 200)


def check_files(files: Iterable[str]) -> int:
    """Print a line per preset that is right, on stderr one per problem; give the exit code."""
    code = 0
    for name in files:
        shown = visible(name, 400)
        here = ""  # what is wrong with the file itself names it
        try:
            preset = load_preset(name)
            here = f"{shown}: "
            warnings = [*check_arms(preset), *_study_warnings(preset)]
        except NormlabError as error:
            code = 2
            for problem in error.problems:
                print(f"{here}{problem}", file=sys.stderr)
            continue
        for warning in warnings:
            print(f"{shown}: warning: {warning}", file=sys.stderr)
        print(f"{shown}: ok: {size_of(preset)}")
    return code


def _study_warnings(preset: Preset) -> Iterator[str]:
    """Say what keeps a study from answering its question."""
    if preset.study is None:
        return
    for change in changes(preset):
        if change.is_confounded:
            paths = ", ".join(difference.path for difference in change.settings)
            rule = f"is confounded: it changes {len(change.settings)} settings of {change.against}: {paths}"
            yield str(Problem("arm", rule, "change one at a time", change.arm))
    yield from seed_warnings(preset)


def print_preset(name: str) -> None:
    """Print a preset's file, harmlessly: what can't be seen is written out."""
    path = find_preset(name)
    load_preset(name)  # a broken one is told, not shown
    for line in read_text(path).splitlines():
        print(visible(line.expandtabs(), 100_000))


def print_schema() -> None:
    """Print the JSON schema of preset files."""
    print(json.dumps(Preset.model_json_schema(), indent=2))
