"""normlab presets: list, check and schema."""

import json
import sys
from collections.abc import Iterable

from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.lab.checks import check_arms
from normlab.lab.presets import (
    Preset,
    find_preset,
    load_preset,
    load_preset_file,
    preset_files,
    read_text,
)


def print_list() -> None:
    """Print a line per preset: its name and title; a broken file's line holds its first error."""
    rows: list[tuple[str, str]] = []
    for path in preset_files():
        own = " (own)" if path.parent == places.own_presets() else ""
        try:
            preset = load_preset_file(path)
            arms = f" [{len(preset.experiments)} arms]" if preset.arms else ""
            rows.append((path.stem, f"{preset.title}{arms}{own}"))
        except NormlabError as error:
            rows.append((path.stem, f"broken: {error.problems[0]}"))
    width = max((len(name) for name, _ in rows), default=0)
    for name, title in rows:
        print(f"{visible(name):{width}}  {visible(title, 200)}")


def check_files(files: Iterable[str]) -> int:
    """Print a line per preset that is right, on stderr one per problem; give the exit code."""
    code = 0
    for name in files:
        shown = visible(name, 400)
        here = ""  # what is wrong with the file itself names it
        try:
            preset = load_preset(name)
            here = f"{shown}: "
            warnings = check_arms(preset)
        except NormlabError as error:
            code = 2
            for problem in error.problems:
                print(f"{here}{problem}", file=sys.stderr)
            continue
        for warning in warnings:
            print(f"{shown}: warning: {warning}", file=sys.stderr)
        print(f"{shown}: ok: {len(preset.experiments)} arms, {len(preset.seeds)} seeds")
    return code


def print_preset(name: str) -> None:
    """Print a preset's file, harmlessly: what can't be seen is written out."""
    path = find_preset(name)
    load_preset(name)  # a broken one is told, not shown
    for line in read_text(path).splitlines():
        print(visible(line.expandtabs(), 100_000))


def print_schema() -> None:
    """Print the JSON schema of preset files."""
    print(json.dumps(Preset.model_json_schema(), indent=2))
