"""How large a study is, and whether that is enough."""

from collections.abc import Iterator

from normlab.analysis.judge import ALPHA
from normlab.analysis.power import FEWEST, num_directed, seeds_at_least
from normlab.core.errors import Problem
from normlab.lab.presets import Preset


def size_of(preset: Preset) -> str:
    """Say how many arms, places, seeds and runs a preset has."""
    arms, places = len(preset.experiments), len(preset.cells) // len(preset.experiments)
    parts = [count(arms, "arm"), *([count(places, "place") + " of the grid"] if places > 1 else [])]
    size = " x ".join([*parts, count(len(preset.seeds), "seed")])
    return f"{size} = {count(preset.num_runs, 'run')}"


def seed_warnings(preset: Preset, num_looks: int = 1) -> Iterator[str]:
    """Say that a study has too few seeds to support anything."""
    seeds, claims = len(preset.seeds), preset.claims
    needed = seeds_at_least(claims, ALPHA / num_looks)
    if claims and seeds < needed:
        directed = num_directed(claims) if seeds >= FEWEST else len(claims)
        which = "" if directed == len(claims) else " of lower or higher"
        rule = f"are too few to support {count(directed, 'claim')}{which}, whatever comes out"
        yield str(Problem("study.seeds", rule, f"ask for {needed}: --seeds {needed}", seeds))


def count(number: int, thing: str, things: str | None = None) -> str:
    """Write a number of things.

    >>> count(1, "run"), count(2000, "process", "processes")
    ('1 run', '2,000 processes')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
