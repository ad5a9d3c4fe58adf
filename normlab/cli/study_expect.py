"""What --expect says: the verdicts that a study's claims must get."""

from collections.abc import Iterator, Sequence
from typing import get_args

from normlab.analysis.verdict import Word
from normlab.core.errors import ConfigError, Problem
from normlab.core.parsing import nearest
from normlab.lab.presets import Preset

_WORDS = ("refuted", *get_args(Word))
"""What can be expected; "refuted" is met by every word that begins so."""


def read_expected(text: str | None, preset: Preset) -> list[str]:
    """Read the verdict that each claim must get: one for all, or one for each in their order, with commas.

    Raises: ConfigError for what is no verdict, and another number of them.
    """
    if text is None:
        return []
    words, num_claims = [word.strip() for word in text.split(",")], len(preset.claims)
    for word in words:
        if word not in _WORDS:
            raise ConfigError(Problem("--expect", "is no verdict", nearest(word, _WORDS), word))
    if not num_claims:
        raise ConfigError(
            Problem("--expect", "needs a claim to be judged", "write [[claims]] into the preset")
        )
    if len(words) > 1 and len(words) != num_claims:
        claims = "there is 1 claim" if num_claims == 1 else f"there are {num_claims:,} claims"
        rule, remedy = f"names {len(words)} verdicts, and {claims}", "name one for each, or one for all"
        raise ConfigError(Problem("--expect", rule, remedy, text))
    return words if len(words) > 1 else words * num_claims


def unmet(expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    """Yield a line for each verdict that isn't the expected one.

    >>> list(unmet(["refuted", "supported"], ["refuted: reversed", "supported in direction"]))
    ['claim 2 is supported in direction, not supported']
    """
    if not expected:
        return
    for place, (word, verdict) in enumerate(zip(expected, found, strict=True), 1):
        if verdict != word and not (word == "refuted" and verdict.startswith("refuted:")):
            yield f"claim {place} is {verdict}, not {word}"
