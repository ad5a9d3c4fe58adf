"""A study's parts: arms, seeds, a grid over settings, and the claims that the runs are to decide."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field

from normlab.core.choice import Record
from normlab.core.errors import Problem, show_value
from normlab.core.parsing import join, nearest
from normlab.core.text import Line, Name
from normlab.lab.experiment import Experiment
from normlab.lab.metrics import Metric
from normlab.lab.settings import show_setting

BASELINE = "baseline"
MAX_POINTS = 1000
"""Places on a grid; each is run with every arm and every seed."""

Comparable = Metric | Literal["epochs_to", "steps_to", "reached", "diverged", "seconds", "samples_per_second"]
"""What a claim compares: a metric, the epochs (steps) until its target is reached, whether a run has
reached it or diverged (1 or 0), or time."""
TARGETED = ("epochs_to", "steps_to", "reached")
"""Those that need a target."""
_SHARES = ("_accuracy", "_ece", "reached", "diverged")
Point = Mapping[str, Any]
"""A place on a grid: settings by their paths."""


def as_tuple(value: object) -> object:
    """Take a list, which is what TOML and JSON have, for the tuple that a frozen record holds."""
    return tuple(value) if isinstance(value, list) else value


def _dotted(value: object) -> object:
    """Take paths written without quotes, which TOML reads as tables within tables."""
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, inner in cast("dict[str, Any]", value).items():
        below = _dotted(inner)
        if isinstance(below, dict):
            found |= {f"{key}.{rest}": each for rest, each in cast("dict[str, Any]", below).items()}
        else:
            found[key] = below
    return found


Grid = Annotated[dict[str, list[Any]], Field(max_length=8), BeforeValidator(_dotted)]


class Arm(Record, frozen=True):
    """The baseline with named changes."""

    name: Name
    """What the arm is called in tables and claims."""
    set: dict[str, Any]
    """Settings that differ from the baseline, by dotted path."""


class Study(Record, frozen=True):
    """How often each arm is run, and at which settings."""

    seeds: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Number of seeds: the experiment's own and those that follow it."""
    grid: Grid = Field(default_factory=dict[str, list[Any]])
    """Values of settings at which every arm is run, by dotted path; several paths multiply. Settings that
    move together stand in one, "training.batch_size, optimizer.lr", with a list of their values for each."""

    def points(self) -> list[dict[str, Any]]:
        """List the places of the grid, the last path varying fastest; a single empty one without a grid.

        >>> Study(grid={"a": [1, 2], "b, c": [[3, 4]]}).points()
        [{'a': 1, 'b': 3, 'c': 4}, {'a': 2, 'b': 3, 'c': 4}]
        """
        axes = [[_place(key, value) for value in values] for key, values in self.grid.items()]
        return [
            {path: value for place in places for path, value in place.items()} for places in product(*axes)
        ]

    @property
    def num_points(self) -> int:
        """How many places the grid has; 1 without a grid."""
        return prod(map(len, self.grid.values()))

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the grid, but for the settings themselves."""
        if self.num_points > MAX_POINTS:
            rule = f"has {self.num_points:,} places, and {MAX_POINTS:,} are the most"
            yield Problem("study.grid", rule, "list fewer values")
        seen: set[str] = set()
        for key, values in self.grid.items():
            at, paths = f'study.grid."{key}"', paths_of(key)
            if not values:
                yield Problem(at, "has no values", "list at least one")
            if any(value in values[:index] for index, value in enumerate(values)):
                yield Problem(at, "holds a value twice", "leave one out", str(values))
            for path in paths:
                if path == "seed":
                    yield Problem(at, "a seed is no setting to compare", "set study.seeds")
                if path in seen:
                    yield Problem(at, f"holds {path} a second time", "name each setting once")
                seen.add(path)
            for value in values if len(paths) > 1 else ():
                if not isinstance(value, list) or len(value) != len(paths):
                    rule = f"moves {len(paths)} settings together"
                    yield Problem(at, rule, f"write a list of {len(paths)} for each value", str(value))


def paths_of(key: str) -> list[str]:
    """Name the settings that a key of the grid moves.

    >>> paths_of("training.batch_size, optimizer.lr")
    ['training.batch_size', 'optimizer.lr']
    """
    return [path.strip() for path in key.split(",")]


def _place(key: str, value: Any) -> dict[str, Any]:
    paths = paths_of(key)
    return dict(zip(paths, value, strict=True)) if len(paths) > 1 else {paths[0]: value}


class Claim(Record, frozen=True):
    """A sentence that the runs can support or refute."""

    text: Line
    """The claim, as a sentence."""
    arm: Name
    """The arm that it is about."""
    against: Name = BASELINE
    """The arm that it is compared with."""
    metric: Comparable
    """What is compared: a metric; "epochs_to" or "steps_to" a target; the share of runs that have "reached" a
    target, or "diverged"; "seconds" or "samples_per_second"."""
    at: Literal["best", "last"] = "best"
    """Which epoch's metric is compared."""
    target: Annotated[dict[Metric, float], Field(min_length=1, max_length=1)] | None = None
    """A metric and the value to reach, for "epochs_to", "steps_to" and "reached"."""
    where: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Where on the study's grid: settings by their paths. Over the rest a mean is taken, seed by seed."""
    direction: Literal["lower", "higher", "equal"]
    """Which way the arm is said to differ; "equal" means by no more than the margin."""
    margin: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    """Smallest difference that matters. Of losses, errors (rmse), epochs, steps and times it is a share: 0.1
    is a tenth lower, or higher. Of accuracies and of shares of runs it is a difference: 0.01 is a point."""

    def is_at(self, point: Point) -> bool:
        """Tell whether a place of the grid is one that the claim is about."""
        return all(point.get(path) == value for path, value in self.where.items())


Claims = Annotated[tuple[Claim, ...], Field(max_length=1000), BeforeValidator(as_tuple)]
Arms = Annotated[tuple[Arm, ...], Field(max_length=1000), BeforeValidator(as_tuple)]


@dataclass(frozen=True)
class Cell:
    """An arm at one place of the grid: what is run once for each seed."""

    arm: str
    point: Point
    """Empty where there is no grid."""
    experiment: Experiment
    """With the study's first seed."""

    @cached_property
    def name(self) -> str:
        """What its runs are called: the arm, and where on the grid."""
        return " · ".join([self.arm, *([point_label(self.point)] if self.point else [])])


def point_label(point: Point) -> str:
    """Name a place of a grid.

    >>> point_label({"optimizer.lr": 0.1, "model.norm.kind": "batch"})
    'lr = 0.1, norm = batch'
    """
    return ", ".join(f"{_short(path)} = {show_setting(value)}" for path, value in point.items())


def _short(path: str) -> str:
    return path.removesuffix(".kind").split(".")[-1]


def claim_problems(
    index: int, claim: Claim, arms: list[str], points: list[dict[str, Any]]
) -> Iterator[Problem]:
    """Yield what is wrong with a claim beside a study's arms and grid."""
    for key in ("arm", "against"):
        if (name := getattr(claim, key)) not in arms:
            yield Problem(join("claims", index, key), "is no arm here", nearest(name, arms), name)
    if claim.arm == claim.against:
        yield Problem(
            join("claims", index, "against"), "is the arm itself", "name another arm", claim.against
        )
    if claim.direction == "equal" and not claim.margin:
        at = join("claims", index, "margin")
        yield Problem(at, "is missing: no two arms are equal to the last digit", "say how near is equal")
    if claim.margin >= 1 and (claim.direction == "lower" or claim.metric.endswith(_SHARES)):
        rule = "is more than there can be: 1 is all of it" if claim.margin > 1 else "is all there can be"
        yield Problem(join("claims", index, "margin"), rule, "a tenth is 0.1", claim.margin)
    yield from _target_problems(join("claims", index, "target"), claim)
    at, known = join("claims", index, "where"), list(points[0])
    for path in claim.where:
        if path not in known:
            remedy = nearest(path, known) if known else "there is no grid: write study.grid first"
            yield Problem(at, "is not on the study's grid", remedy, path)
            return
    there = [point for point in points if claim.is_at(point)]
    if not there:
        known = "; ".join(f"{path} = {_values(points, path)}" for path in claim.where)
        yield Problem(at, "is no place of the study's grid", f"use its values: {known}", str(claim.where))
    elif len(there) > 1 and claim.metric in ("epochs_to", "steps_to"):
        rule = "has no mean where a run never gets there, and this is about several places of the grid"
        yield Problem(
            join("claims", index, "metric"), rule, 'name one with where, or use "reached"', claim.metric
        )


def _values(points: list[dict[str, Any]], path: str) -> str:
    values: list[Any] = []
    for point in points:
        if point[path] not in values:
            values.append(point[path])
    return show_value(values)


def _target_problems(at: str, claim: Claim) -> Iterator[Problem]:
    targeted = claim.metric in TARGETED
    if targeted and claim.target is None:
        yield Problem(at, "is missing", "write target = { val_loss = 0.1 }")
    if claim.target is None:
        return
    if not targeted:
        rule = f"is for epochs_to, steps_to and reached, not for {claim.metric}"
        yield Problem(at, rule, "leave it out")
    for metric, goal in claim.target.items():
        if metric.endswith(_SHARES) and not 0 <= goal <= 1:
            yield Problem(join(at, metric), "is a share, from 0 to 1", "95 % is 0.95", goal)


def study_problems(study: Study | None, arms: tuple[Arm, ...]) -> Iterator[Problem]:
    """Yield what is wrong between a study and its arms."""
    names = [BASELINE]
    paths = [path for key in (study.grid if study else {}) for path in paths_of(key)]
    for index, arm in enumerate(arms):
        if arm.name in names:
            yield Problem(join("arms", index, "name"), "is taken", "give each arm its own name", arm.name)
        names.append(arm.name)
        at = join("arms", index, "set")
        if "seed" in arm.set:
            yield Problem(f"{at}: seed", "is not an arm's own: all arms share their seeds", "leave it out")
        for path in paths:
            if path in arm.set:
                yield Problem(f"{at}: {path}", "is on the study's grid", "leave it out here, or there")
    yield from study.problems() if study else ()
