"""What a report needs so that somebody else can run the study again: versions, machines, preset, command."""

from collections.abc import Iterator
from typing import Any

from normlab.core.choice import Record
from normlab.core.fields import describe
from normlab.exports.study_blocks import Block, Code, Fold, Paragraph, Span, Table, plain
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset, preset_tree
from normlab.lab.settings import leaves
from normlab.lab.study import paths_of
from normlab.lab.toml import update_toml
from normlab.views.board import Board
from normlab.views.comparison_cells import ABSENT


def environment(board: Board) -> Iterator[Block]:
    """List versions and machines: a column for each that differs, and how many runs are of it."""
    found: list[tuple[dict[str, str], int]] = []
    for run in board.runs.values():
        own = board.environments.get(run, {})
        place = next((place for place, (known, _) in enumerate(found) if known == own), len(found))
        found[place:] = [(own, found[place][1] + 1 if place < len(found) else 1), *found[place + 1 :]]
    names = dict.fromkeys(name for known, _ in found for name in known)
    if names:
        heads = [plain("runs"), *(plain(f"{count:,}") for _, count in found)]
        rows = [[plain(name), *(plain(known.get(name, ABSENT)) for known, _ in found)] for name in names]
        yield Table(heads, rows, num_texts=len(heads))


def repeat(board: Board) -> Iterator[Block]:
    """Give the commands that run it and show it, and the preset with all that it left at defaults."""
    study, preset = board.study, board.preset
    name = f"study-{study.id}.toml"
    lead = (Span("Save the preset below as "), Span(name, "code"), Span(", then:"))
    command = f"normlab --preset {name} --no-ui --jobs 2 --device {study.device}"
    command += f" --from {study.origin}" if study.origin else ""
    looks = [f"{command} --seeds {seeds}" for seeds in study.looks]
    lines = looks if len(looks) > 1 else [command]
    yield Paragraph(lead)
    yield Code("\n".join(lines), "sh")
    yield Paragraph(
        plain("Results are the same whatever --jobs. Where its runs are kept, this shows it again:")
    )
    yield Code(f"normlab studies show {study.id}", "sh")
    if study.origin:
        yield Paragraph(plain(f"The first weights are those of the run that {study.origin} names."))
    yield Fold("The preset, with every setting", [Code(update_toml("", whole_tree(preset)), "toml")])


def whole_tree(preset: Preset) -> dict[str, Any]:
    """Write a preset as the table of a file that says all: another version's defaults change nothing.

    Its experiments and claims are the preset's own; what is none goes unsaid, as TOML has no word for it.
    """
    tree = preset_tree(preset)
    tree["experiment"] = _record(preset.experiment)
    grid = {path for key in (preset.study.grid if preset.study else {}) for path in paths_of(key)}
    for arm, written in zip(preset.arms, tree.get("arms", []), strict=True):
        own = _changed(preset.experiment, preset.experiments[arm.name])
        written["set"] = arm.set | {path: value for path, value in own.items() if path not in grid}
    claims = [claim.model_dump(exclude_none=True) for claim in preset.claims]
    return tree | (
        {"claims": [{k: v for k, v in claim.items() if v != {}} for claim in claims]} if claims else {}
    )


def _record(record: Record) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in describe(type(record))}
    return {
        name: _record(value) if isinstance(value, Record) else _plain(value)
        for name, value in values.items()
        if value is not None
    }


def _changed(base: Experiment, own: Experiment) -> dict[str, Any]:
    """Give the settings that differ, and all those of parts of another kind."""
    usual, found = dict(leaves(base)), dict(leaves(own))
    kinds = [path.removesuffix("kind") for path in found if path.endswith(".kind") and path in usual]
    others = tuple(part for part in kinds if usual[f"{part}kind"] != found[f"{part}kind"])
    return {
        path: "none" if value is None else _plain(value)
        for path, value in found.items()
        if path != "seed" and (path not in usual or usual[path] != value or path.startswith(others))
    }


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value  # pyright: ignore
