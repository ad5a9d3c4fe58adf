"""normlab presets: list, check and schema."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from normlab.core import places
from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.lab.checks import check
from normlab.lab.presets import Preset, load_preset_file, preset_files


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


def check_files(files: Iterable[Path]) -> int:
    """Print a line per file that is right, on stderr one per problem; give the exit code."""
    code = 0
    for path in files:
        try:
            preset = load_preset_file(path)
            warnings = [
                f"{name}: {w}" for name, experiment in preset.experiments.items() for w in check(experiment)
            ]
        except NormlabError as error:
            code = 2
            for problem in error.problems:
                print(problem, file=sys.stderr)
            continue
        for warning in dict.fromkeys(warnings):
            print(f"{visible(path.name)}: warning: {warning}", file=sys.stderr)
        print(f"{visible(str(path), 400)}: ok: {len(preset.experiments)} arms, {len(preset.seeds)} seeds")
    return code


def print_schema() -> None:
    """Print the JSON schema of preset files."""
    print(json.dumps(Preset.model_json_schema(), indent=2))
