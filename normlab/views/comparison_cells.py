"""The cells of a comparison: a setting, or a number with its difference to the baseline, as written."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from normlab.core.errors import show_value

ABSENT = "–"
"""Stands where an arm has no such setting or result."""


@dataclass(frozen=True)
class Cell:
    """An arm's entry in a row."""

    text: str
    value: float | None = None
    """The finite number behind the text, unrounded (the mean of several seeds); none where there is none."""
    difference: float | None = None
    """From the baseline's value to this one, seed by seed; none where there is nothing to compare with."""
    is_best: bool = False
    """The best value of its row among arms with the same seeds; several may share it."""
    differs: bool = False
    """A setting that isn't the baseline's."""
    form: str = ".4f"
    """How its numbers are written."""

    def __str__(self) -> str:
        """Write the cell with its difference.

        >>> str(Cell("0.0990", 0.099, -0.0029))
        '0.0990 (-0.0029)'
        """
        return self.text if self.difference is None else f"{self.text} ({self.difference_text})"

    @property
    def difference_text(self) -> str:
        """The difference as written; empty where there is none."""
        return "" if self.difference is None else _signed(self.difference, self.form)


@dataclass(frozen=True)
class Row:
    """A heading with a cell per arm."""

    name: str
    cells: list[Cell]


def number(values: Sequence[float], form: str) -> Cell:
    """Make the cell of a value, or of several seeds'."""
    return Cell(spread(values, form), mean(values), form=form)


def mean(values: Sequence[float]) -> float | None:
    """Average; none where there are no values, or one of them isn't finite. A count stays whole."""
    if not values or not all(math.isfinite(value) for value in values):
        return None
    return values[0] if len(set(values)) == 1 else statistics.fmean(values)


def spread(values: Sequence[float], form: str) -> str:
    """Write a value, or the mean and the standard deviation of several.

    >>> spread([1.0, 2.0, 3.0], ".1f"), spread([0.5], ".2f"), spread([], ".2f")
    ('2.0 ± 1.0', '0.50', '–')
    """
    if not values:
        return ABSENT
    if not all(math.isfinite(value) for value in values):
        finite = [value for value in values if math.isfinite(value)]
        lost = f"{len(values) - len(finite)} not finite" if len(values) > 1 else show_value(values[0])
        return f"{spread(finite, form)} ({lost})" if finite else lost
    middle = statistics.fmean(values)
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    # Losses near 0 keep their digits, and those that explode stay short.
    if not form.endswith(".0f") and middle != 0 and not 1e-3 <= abs(middle) < 1e5:
        form = ".2e"
    return f"{middle:{form}} ± {deviation:{form}}" if deviation else f"{middle:{form}}"


def _signed(difference: float, form: str) -> str:
    """Write a difference in its numbers' form; one that is too small for it with a digit of its own.

    Losses that are too small or large have an exponent.
    """
    if difference == 0:
        return "="
    if isinstance(difference, int):
        return f"{difference:+,}"
    digits = int(form[-2])
    if abs(difference) < 10.0**-digits:
        return f"{difference:+.1g}" if digits < 4 else f"{difference:+.2e}"
    return f"{difference:+{form}}" if digits < 4 or abs(difference) < 1e5 else f"{difference:+.2e}"
