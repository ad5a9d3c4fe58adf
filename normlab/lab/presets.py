"""Presets: an experiment, or arms and seeds of one, in a TOML file that people share."""

import os
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from normlab.core import places
from normlab.core.choice import Record
from normlab.core.errors import ConfigError, Problem
from normlab.core.files import write_atomically
from normlab.core.parsing import join, nearest, parse
from normlab.core.text import Line, Name, Prose
from normlab.lab.experiment import MAX_SEED, Experiment
from normlab.lab.settings import change, to_tree
from normlab.lab.study import (
    BASELINE,
    Arms,
    Cell,
    Claims,
    Study,
    claim_problems,
    point_label,
    study_problems,
)
from normlab.lab.toml import parse_toml, update_toml

MAX_BYTES = 64 * 1024
MAX_CELLS = 1000
MAX_RUNS = 100_000


class Preset(Record, frozen=True):
    """An experiment, or a study of its arms, with the words that explain it."""

    title: Name
    """One line that names it."""
    about: Prose = ""
    """Markdown: what is asked, what to look for."""
    source: Line = ""
    """Where the experiment comes from."""
    experiment: Experiment
    """The baseline."""
    arms: Arms = ()
    """What is compared with the baseline."""
    study: Study | None = None
    """How many seeds, and at which settings; none runs each arm once."""
    claims: Claims = ()
    """What the runs are to decide."""

    @property
    def seeds(self) -> list[int]:
        """The seeds that each arm is run with."""
        first = self.experiment.seed
        return list(range(first, first + (self.study.seeds if self.study else 1)))

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """The experiment of each arm by its name, the baseline's first.

        Raises: ConfigError naming the arm whose settings are wrong.
        """
        found = {BASELINE: self.experiment}
        for index, arm in enumerate(self.arms):
            try:
                found[arm.name] = change(self.experiment, arm.set)
            except ConfigError as error:
                at = join("arms", index, "set")
                raise ConfigError(*(_within(at, problem) for problem in error.problems)) from None
        return found

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every arm at every place of the study's grid: arm by arm, the baseline's first.

        Raises: ConfigError naming the arm, or the place, whose settings are wrong.
        """
        study = self.study or Study()
        if (count := study.num_points * len(self.experiments)) > MAX_CELLS:
            rule = f"makes {count:,} settings with its arms, and {MAX_CELLS:,} are the most"
            raise ConfigError(Problem("study.grid", rule, "list fewer values"))
        points = study.points()
        found: list[Cell] = []
        for arm, experiment in self.experiments.items():
            for point in points:
                try:
                    found.append(Cell(arm, point, change(experiment, point) if point else experiment))
                except ConfigError as error:
                    at = f"study.grid, at {point_label(point)}" + (
                        f', arm "{arm}"' if arm != BASELINE else ""
                    )
                    raise ConfigError(*(_within(at, problem) for problem in error.problems)) from None
        name, count = Counter(cell.name for cell in found).most_common(1)[0]
        if count > 1:
            rule = "is what two places are called, as their values are too long to be told apart"
            raise ConfigError(Problem("study.grid", rule, "make arms of them", name))
        return tuple(found)

    @property
    def num_runs(self) -> int:
        """How many runs it asks for."""
        return len(self.cells) * len(self.seeds)

    def runs(self) -> Iterator[tuple[str, Experiment]]:
        """Yield what is to be run: each cell's name with its experiment, once for each seed."""
        for cell in self.cells:
            for seed in self.seeds:
                yield cell.name, cell.experiment.model_copy(update={"seed": seed})

    def with_(self, **fields: Any) -> "Preset":
        """Give the preset with some fields changed, checked anew.

        Raises: ConfigError.
        """
        return parse(Preset, {name: getattr(self, name) for name in Preset.model_fields} | fields)

    def warnings(self) -> Iterator[Problem]:
        """Yield what is odd: an arm that is the same as one before it."""
        seen: dict[Experiment, str] = {}
        for index, (name, experiment) in enumerate(self.experiments.items()):
            if experiment in seen:
                rule, remedy = f"is the same as {seen[experiment]}", "change a setting that differs"
                yield Problem(join("arms", index - 1), rule, remedy, name, warning=True)
            seen.setdefault(experiment, name)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong between arms, study and claims."""
        if self.seeds[-1] > MAX_SEED:
            yield Problem("study.seeds", "go past the largest seed, 2^62", "begin with a smaller seed")
        wrong = list(study_problems(self.study, self.arms))
        if not wrong:
            try:
                _ = self.cells
            except ConfigError as error:
                wrong = error.problems
        yield from wrong
        if wrong:
            return
        names, points = list(self.experiments), (self.study or Study()).points()
        if self.num_runs > MAX_RUNS:
            rule = f"asks for {self.num_runs:,} runs, and {MAX_RUNS:,} are the most"
            yield Problem("study", rule, "ask for fewer seeds, arms or places of the grid")
        for index, claim in enumerate(self.claims):
            found = list(claim_problems(index, claim, names, points))
            yield from found
            if not found and self.experiments[claim.arm] == self.experiments[claim.against]:
                rule = f"is the same as {claim.against}: there is nothing to compare"
                yield Problem(join("claims", index, "arm"), rule, "change a setting that differs", claim.arm)


def _within(place: str, problem: Problem) -> Problem:
    return Problem(f"{place}: {problem.path}", problem.rule, problem.remedy, problem.value, problem.warning)


def parse_preset(text: str, origin: str) -> Preset:
    """Read a preset from TOML text; `origin` names it in errors.

    Raises: ConfigError with every problem found.
    """
    try:
        preset = parse(Preset, parse_toml(text))
        if found := list(preset.problems()):
            raise ConfigError(*found)
    except ConfigError as error:
        raise ConfigError(*(_within(origin, problem) for problem in error.problems)) from None
    return preset


def load_preset(name: str | Path) -> Preset:
    """Load a preset by name, one's own before a shipped one, or by its file's path.

    Raises: ConfigError when there is none, or its text is wrong.
    """
    return load_preset_file(name if isinstance(name, Path) else find_preset(name))


def load_preset_file(path: Path) -> Preset:
    """Load the preset that a file holds.

    Raises: ConfigError when it can't be read, or its text is wrong.
    """
    return parse_preset(read_text(path), path.name)


def find_preset(name: str) -> Path:
    """Find a preset's file by name, which may be shortened while it is clear, or by path.

    Raises: ConfigError naming the nearest known preset.
    """
    if name.endswith(".toml") or "/" in name or "\\" in name:
        return Path(os.path.expanduser(name))
    known = {path.stem: path for path in reversed(list(preset_files()))}
    if name in known:
        return known[name]
    begun = [each for each in sorted(known) if name and each.startswith(name)]
    if len(begun) == 1:
        return known[begun[0]]
    remedy = f"several begin so: {', '.join(begun)}" if begun else nearest(name, sorted(known))
    raise ConfigError(Problem("preset", "is unknown", remedy, name))


def lasting_name(path: Path) -> str:
    """Name a preset's file so that it is found from any folder: among the known ones by its stem."""
    known = path.parent in (places.own_presets(), places.shipped_presets())
    return path.stem if known and path.suffix == ".toml" else str(path.resolve())


def preset_files() -> Iterator[Path]:
    """Yield the files of one's own presets, then of the shipped ones, each group by name."""
    for folder in (places.own_presets(), places.shipped_presets()):
        yield from sorted(folder.glob("*.toml"))


def read_text(path: Path) -> str:
    """Read a preset file's text.

    Raises: ConfigError when it is missing, no text, or over 64 kB.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(Problem(str(path), f"can't be read: {error.strerror}", "check the path")) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(Problem(str(path), "is over 64 kB", "a preset is a small file; is this one?"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(Problem(str(path), "is not UTF-8 text", "save it as UTF-8")) from None


def save_preset(preset: Preset, path: Path) -> None:
    """Write a preset; comments and order of a file that stands there are kept.

    Raises: ConfigError when the folder can't be written, or what stands there is no preset.
    """
    before = read_text(path) if path.exists() else ""
    if before:
        parse_toml(before)
    text = update_toml(before, preset_tree(preset))
    parse_preset(text, path.name)
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise ConfigError(
            Problem(str(path), f"can't be written: {error.strerror}", "choose another place")
        ) from None


def preset_tree(preset: Preset) -> dict[str, Any]:
    """Write a preset as the table that its file holds."""
    tree: dict[str, Any] = {"title": preset.title, "about": preset.about, "source": preset.source}
    tree["experiment"] = to_tree(preset.experiment)
    tree["arms"] = [{"name": arm.name, "set": arm.set} for arm in preset.arms]
    tree["study"] = _study_tree(preset.study) if preset.study else None
    tree["claims"] = [claim.model_dump(exclude_defaults=True) for claim in preset.claims]
    return {key: value for key, value in tree.items() if value}


def _study_tree(study: Study) -> dict[str, Any]:
    return {"seeds": study.seeds} | ({"grid": study.grid} if study.grid else {})
