"""Names of a study's cells for a narrow column: what tells them apart is never cut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from normlab.core.text import visible
from normlab.lab.settings import show_setting
from normlab.lab.study import Cell, Point, point_label

_SMALLEST_ARM = 6
"""Characters that an arm's name keeps beside its place on the grid."""


@dataclass(frozen=True)
class Names:
    """What cells are called in a column."""

    heading: str
    """What stands above them: the settings, where the names hold their values alone."""
    of: dict[str, str]
    """The short name of each cell by its own; harmless."""

    @property
    def width(self) -> int:
        """Characters that the column takes."""
        return max(map(len, (self.heading, *self.of.values())))


def short_names(cells: Sequence[Cell], room: int) -> Names:
    """Name cells in about `room` characters: in full where that fits.

    Else settings are left out that tell none of them apart, then only values are written, and at last the
    arms' names are cut, so that they are still told apart.
    """
    paths = _telling([cell.point for cell in cells])
    points = [{path: cell.point[path] for path in paths} for cell in cells]
    labels = [point_label(point) for point in points]
    values = [", ".join(show_setting(value) for value in point.values()) for point in points]
    settings = ", ".join(point_label({path: ""}).partition(" = ")[0] for path in paths)
    heading = f"arm · {settings}" if paths else ""
    forms = [
        Names("", {cell.name: visible(cell.name, 400) for cell in cells}),
        Names("", _named(cells, labels)),
        Names(heading, _named(cells, values)),
    ]
    for names in forms:
        if names.width <= room:
            return names
    longest = max(map(len, map(visible, values)))
    left = room - longest - len(" · ") if longest else room
    arms = _cut([visible(cell.arm, 400) for cell in cells], max(left, _SMALLEST_ARM))
    return Names(heading, _named(cells, values, arms))


def _telling(points: Sequence[Point]) -> list[str]:
    """Choose the settings that tell places apart, leaving out those that others imply."""
    paths = list(points[0])

    def count(some: Sequence[str]) -> int:
        return len({tuple(show_setting(point[path]) for path in some) for point in points})

    for path in reversed(list(paths)):
        rest = [other for other in paths if other != path]
        if count(rest) == count(paths):
            paths = rest
    return paths


def _named(cells: Sequence[Cell], places: Sequence[str], arms: Sequence[str] = ()) -> dict[str, str]:
    shown = arms or [visible(cell.arm, 400) for cell in cells]
    return {
        cell.name: f"{arm} · {visible(place, 400)}" if place else arm
        for cell, arm, place in zip(cells, shown, places, strict=True)
    }


def _cut(arms: Sequence[str], room: int) -> list[str]:
    """Cut names at their end, or else at their beginning or in the middle, where that tells them apart."""
    half = room // 2
    ways: list[Callable[[str], str]] = [
        lambda name: name[: room - 1] + "…",
        lambda name: "…" + name[1 - room :],
        lambda name: name[: room - 1 - half] + "…" + name[-half:],
    ]
    cut = [[name if len(name) <= room else way(name) for name in arms] for way in ways]
    return next((names for names in cut if len(set(names)) == len(set(arms))), cut[-1])
