"""How many seeds a claim needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from normlab.analysis.estimates import smallest_num
from normlab.lab.study import Claim

MOST = 10_000
FEWEST = 6
"""Pairs below which nothing is decided: the smallest p of five is 0.0625."""
POWER = 0.8
"""The chance that a claim is decided."""
_CERTAIN = 1e4
"""An effect so many standard deviations large is found with six pairs at any level; nctdtr has no number
for much larger ones."""


def num_directed(claims: Iterable[Claim]) -> int:
    """Count the claims that an arm is lower or higher, which the sign-flip test decides."""
    return sum(claim.direction != "equal" for claim in claims)


def seeds_at_least(claims: Iterable[Claim], alpha: float = 0.05) -> int:
    """Give the fewest seeds with which a study's claims of lower or higher can be supported.

    The smallest p of n pairs is 2 / 2^n. Holm holds the smallest of k such p against alpha / k at best: where
    every claim of equality, whose t-tests know no smallest p, has been supported before. With nothing but
    equality to support it is the number below which nothing is decided.
    """
    return max(FEWEST, smallest_num(alpha / max(num_directed(claims), 1)))


@dataclass(frozen=True)
class TTest:
    """One or more t-tests that must all find what is there."""

    sizes: tuple[float, ...]
    """Of each the effect over the standard deviation of the differences; none is found below 0."""
    level: float
    num_sides: int

    def chance(self, num: int) -> float:
        """Give the chance (of several tests, at least it) that `num` differences are enough.

        P(T > t_(1 - level / sides)), T noncentral t with num - 1 degrees of freedom and noncentrality
        size sqrt(num).

        Source: Cohen, Statistical Power Analysis, 1988, for d_z.
        """
        if min(self.sizes) <= 0:
            return 0.0
        from scipy.special import nctdtr, stdtrit  # scipy.stats takes a second to import

        limit = -float(stdtrit(num - 1, self.level / self.num_sides))
        missed = (
            0.0 if size > _CERTAIN else float(nctdtr(num - 1, size * sqrt(num), limit)) for size in self.sizes
        )
        return 1 - sum(missed)


def seeds_needed(tests: Sequence[TTest], at_least: int) -> int | None:
    """Give the fewest seeds with which one of the tests succeeds in four of five cases.

    None where even 10,000 are too few.
    """

    def is_enough(num: int) -> bool:
        return any(test.chance(num) >= POWER for test in tests)

    low, high = at_least - 1, at_least
    while high < MOST and not is_enough(high):
        low, high = high, min(2 * high, MOST)
    if not is_enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
