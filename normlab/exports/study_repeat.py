"""What a report needs so that somebody else can run the study again: versions, machines, preset, command."""

from collections.abc import Iterator

from normlab.exports.study_blocks import Block, Code, Paragraph, Span, Table, plain
from normlab.lab.presets import preset_tree
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
    """Give the preset in full, and the commands that run it and show it."""
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
    yield Code(update_toml("", preset_tree(preset)), "toml")
