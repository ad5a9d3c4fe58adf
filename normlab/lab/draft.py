"""An experiment being edited: settings that may be wrong for a moment, undo, a baseline to differ from."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from normlab.core.choice import members
from normlab.core.errors import ConfigError, Problem
from normlab.core.fields import Field, describe
from normlab.core.parsing import parse
from normlab.lab.experiment import Experiment
from normlab.lab.setting_text import read_text
from normlab.lab.settings import Tree, change_tree, differences, to_tree


@dataclass(frozen=True)
class Row:
    """One setting, as a form shows it."""

    path: str
    """Dotted path. A part's own row is that of its kind: "model.norm.kind"."""
    section: str
    """Path of the part or record that it stands in: "model.norm"; "" for the experiment's own."""
    field: Field
    """What is known of the setting; for a kind, that of the family's field."""
    value: object
    """What stands there, or the default; of a record that may be left out, whether it is there."""
    problem: Problem | None = None
    differs: bool = False
    """Whether it differs from the baseline's."""

    @property
    def is_kind(self) -> bool:
        return self.field.family is not None


@dataclass(frozen=True)
class _Step:
    """What `undo` brings back."""

    tree: Tree
    baseline: Experiment


class Draft:
    """An experiment being edited."""

    def __init__(self, experiment: Experiment) -> None:
        self.version = 0
        """Grows with every change."""
        self.experiment: Experiment | None = experiment
        """None while a value is wrong."""
        self.checked = False
        """Whether the settings have been looked at together, by `normlab.lab.checks.problems`."""
        self.problems: list[Problem] = []
        """What is wrong or odd, as far as it is known."""
        self.other_problems: list[Problem] = []
        """Those of the problems that no row of the form has."""
        self._rows: list[Row] = []
        self._steps = [_Step(to_tree(experiment), experiment)]
        self._now = 0
        self._touched: str | None = None
        self._place()

    def load(self, experiment: Experiment, baseline: Experiment | None = None) -> None:
        """Go on with another experiment, by default its own baseline; `undo` brings back what was there."""
        self.settle()
        self._become(to_tree(experiment), None, baseline or experiment)

    @property
    def tree(self) -> Tree:
        """The settings as a table; values may be wrong."""
        return self._steps[self._now].tree

    @property
    def baseline(self) -> Experiment:
        """The experiment that the settings are marked against."""
        return self._steps[self._now].baseline

    @baseline.setter
    def baseline(self, baseline: Experiment) -> None:
        # The steps that it is the baseline of go with it; those before a `load` keep theirs.
        old = self.baseline
        self._steps = [
            replace(step, baseline=baseline) if step.baseline is old else step for step in self._steps
        ]
        self._place()

    def change(self, path: str, value: Any) -> None:
        """Change a setting; changing the same one again is one step for `undo`.

        A kind keeps the old one's values under fields of the same name, and clears the rest. None stands
        for the default.
        """
        self._become(change_tree(self.tree, {path: value}), path)

    def set_text(self, row: Row, text: str) -> None:
        """Change a setting to what somebody has typed; text that makes no sense is a problem of its row."""
        self.change(row.path, read_text(row.field, text))

    def reset(self, row: Row) -> None:
        """Give a setting the baseline's value; a kind gets the baseline's part as it is."""
        *above, name = (row.section if row.is_kind else row.path).split(".")
        original: Any = self.baseline
        for step in above:
            original = getattr(original, step, None)
        original = getattr(original, name, None)
        value = to_tree(original) if isinstance(original, BaseModel) else original
        tree = deepcopy(self.tree)
        if row.is_kind:
            inner = tree
            for step in above:
                inner = inner[step]
            inner[name] = value
        else:
            tree = change_tree(tree, {row.path: list(value) if isinstance(value, tuple) else value})
        self._become(tree, None)

    def reset_all(self) -> None:
        """Give every setting the baseline's value, the seed left as it is."""
        tree = to_tree(self.baseline)
        tree.pop("seed", None)
        if "seed" in self.tree:
            tree["seed"] = self.tree["seed"]
        self._become(tree, None)

    def written(self, path: str) -> Any:
        """Give what stands in the table at a path, None where the default is meant: `change` puts it back."""
        inner: Any = self.tree
        for step in path.split("."):
            inner = inner.get(step) if isinstance(inner, dict) else None
        return inner

    def settle(self) -> None:
        """End the change under way: changing the same setting again is another step for `undo`."""
        self._touched = None

    def undo(self) -> bool:
        """Take the last change back; False where there is none."""
        return self._move(-1)

    def redo(self) -> bool:
        """Make the change again that was taken back; False where there is none."""
        return self._move(+1)

    def rows(self) -> Iterator[Row]:
        """Yield every setting in a form's order: a part's kind, its own fields, the families inside it."""
        yield from self._rows

    def accept(self, version: int, problems: list[Problem]) -> None:
        """Take in what a check of the whole experiment has found, unless it has changed since."""
        if version == self.version and self.experiment is not None:
            self.problems = problems
            self.checked = True
            self._place()

    @property
    def refusals(self) -> list[Problem]:
        """The problems that keep it from running."""
        return [problem for problem in self.problems if not problem.warning]

    def _place(self) -> None:
        """Make the rows, each with the problem of its path; refusals come first: a row tells only one."""
        rows = list(_rows(Experiment, self.tree, ""))
        paths = {row.path for row in rows}
        told: dict[str, Problem] = {}
        other: list[Problem] = []
        for problem in sorted(self.problems, key=lambda problem: problem.warning):
            path = problem.path.partition("[")[0]  # an item of a list stands in the list's row
            if "/" in path or "\\" in path:
                path = "dataset.path"  # a place in somebody's own file
            path = f"{path}.kind" if f"{path}.kind" in paths else path
            if path in paths:
                told.setdefault(path, problem)
            else:
                other.append(problem)
        changed = self._changed(rows)
        self.other_problems = other
        self._rows = [
            replace(
                row,
                problem=told.get(row.path),
                differs=(row.section if row.is_kind else row.path) in changed,
            )
            for row in rows
        ]

    def _changed(self, rows: list[Row]) -> set[str]:
        if self.experiment is not None:
            return {difference.path for difference in differences(self.baseline, self.experiment)}
        # While a value is wrong there is no experiment to compare: its tables are.
        original = {row.path: row for row in _rows(Experiment, to_tree(self.baseline), "")}
        changed: set[str] = set()
        for row in rows:
            before = original.get(row.path)
            if before is None or before.value == row.value or row.path == "seed":
                continue
            if row.is_kind or row.section not in changed:  # another kind's fields come along with it
                changed.add(row.section if row.is_kind else row.path)
        return changed

    def _become(self, tree: Tree, path: str | None, baseline: Experiment | None = None) -> None:
        step = _Step(tree, self.baseline if baseline is None else baseline)
        if step.baseline == self.baseline and _mean_the_same(tree, self.tree):
            return
        keep = self._now if path is not None and path == self._touched and self._now else self._now + 1
        # Changed, and changed back: no step at all.
        back = keep == self._now and _mean_the_same(tree, self._steps[keep - 1].tree)
        self._steps = self._steps[:keep] if back else [*self._steps[:keep], step]
        self._now = len(self._steps) - 1
        self._touched = None if back else path
        self._read()

    def _move(self, step: int) -> bool:
        if not 0 <= self._now + step < len(self._steps):
            return False
        self._now += step
        self._touched = None
        self._read()
        return True

    def _read(self) -> None:
        self.version += 1
        self.checked = False
        self.problems = []
        try:
            self.experiment = parse(Experiment, self.tree)
        except ConfigError as error:
            self.experiment = None
            self.problems = list(error.problems)
        self._place()


def _mean_the_same(one: Tree, other: Tree) -> bool:
    """Tell whether two tables give the same experiment, a default written out or not."""
    if one == other:
        return True
    try:
        return parse(Experiment, one) == parse(Experiment, other)
    except ConfigError:
        return False


def _rows(record: type[BaseModel], tree: Any, section: str) -> Iterator[Row]:
    tree = tree if isinstance(tree, dict) else {}
    plain: list[tuple[str, str, Field]] = []
    parts: list[tuple[str, str, Field]] = []
    # What a member declares itself says more than what its whole family has.
    own = sorted(describe(record).items(), key=lambda item: item[0] not in record.__annotations__)
    for name, field in own:
        place = (name, f"{section}.{name}" if section else name, field)
        inside = field.family is not None or (field.record is not None and not field.optional)
        if name != "kind":
            (parts if inside else plain).append(place)
    if section:
        for name, path, field in plain:
            yield from _plain_rows(tree, name, path, section, field)
    for name, path, field in parts:
        default = to_tree(field.default) if isinstance(field.default, BaseModel) else {}
        inner = tree.get(name, default)
        if field.record is not None:
            yield from _rows(field.record, inner, path)
            continue
        assert field.family is not None
        kind = inner.get("kind") if isinstance(inner, dict) else inner
        yield Row(f"{path}.kind", path, field, kind)
        if (part := members(field.family).get(str(kind))) is not None:
            yield from _rows(part, inner, path)
    if not section:  # the experiment's own, after all that it is made of
        for name, path, field in plain:
            yield from _plain_rows(tree, name, path, section, field)


def _plain_rows(tree: Tree, name: str, path: str, section: str, field: Field) -> Iterator[Row]:
    if field.record is None:
        value = tree.get(name, None if field.required else field.default)
        yield Row(path, section, field, tuple(value) if isinstance(value, list) else value)
        return
    yield Row(path, section, field, name in tree)
    if name in tree:
        yield from _rows(field.record, tree[name], path)
