"""Two arms seed by seed: the differences that tests and intervals are computed from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, isnan, nan

from normlab.analysis.estimates import Estimate, Mean, Median, Share
from normlab.analysis.scales import inner, is_share_of_runs, scale_of, worst
from normlab.analysis.sign_flip import sign_flip_p, signed_midranks
from normlab.analysis.trial import Failed, Value
from normlab.analysis.verdict import Bound


@dataclass(frozen=True)
class Pair:
    """What one seed says of two arms, on the scale that is computed on."""

    difference: float
    """arm - against: infinite where one of them failed, nan where both did."""
    low: float
    high: float
    """Between which the difference lies; of runs that ended before they reached a target more isn't known."""
    one_failed: bool = False
    """Whether only one arm failed, on a grid at any place."""
    both_failed: bool = False
    """Whether both failed, on a grid at the same place."""


def pair(arm: Value, against: Value, metric: str) -> Pair:
    """Compare two runs with one seed."""
    scale, bad = scale_of(metric), worst(metric)
    if isinstance(arm, Failed) and isinstance(against, Failed):
        return Pair(nan, nan, nan, both_failed=True)
    if isinstance(arm, Failed):
        assert not isinstance(against, Failed)
        known = inner(arm.budget, scale) - inner(against, scale) if arm.budget else bad
        return Pair(bad, known, bad, one_failed=True)
    if isinstance(against, Failed):
        known = inner(arm, scale) - inner(against.budget, scale) if against.budget else -bad
        return Pair(-bad, -bad, known, one_failed=True)
    found = inner(arm, scale) - inner(against, scale)
    return Pair(found, found, found)


def mean_pair(places: Sequence[Pair]) -> Pair:
    """Take the mean of one seed's pairs over places of a grid.

    The arm that fails at more places is infinitely worse; where both fail as often, the mean is over the
    places where neither does.
    """
    if len(places) == 1:
        return places[0]
    failures = sum(p.difference == inf for p in places) - sum(p.difference == -inf for p in places)
    finite = [p.difference for p in places if isfinite(p.difference)]
    found = failures * inf if failures else sum(finite) / len(finite) if finite else nan
    one, both = any(p.one_failed for p in places), any(p.both_failed for p in places)
    return Pair(found, found, found, one, both)


@dataclass(frozen=True)
class Paired:
    """All pairs of two arms, by seed."""

    metric: str
    pairs: dict[int, Pair]
    num_places: int = 1
    """Places of the grid that each is the mean over."""

    @property
    def differences(self) -> list[float]:
        """Each pair's difference; 0 where both runs failed: neither is better."""
        return [0.0 if isnan(p.difference) else p.difference for p in self.pairs.values()]

    @property
    def defined(self) -> list[float]:
        """The differences of pairs in which not both runs failed."""
        return [p.difference for p in self.pairs.values() if not isnan(p.difference)]

    @property
    def num_one_failed(self) -> int:
        """Pairs in which only one run failed: these speak against equality, however many others agree."""
        return sum(p.one_failed for p in self.pairs.values())

    @property
    def num_both_failed(self) -> int:
        """Pairs in which both runs failed."""
        return sum(p.both_failed for p in self.pairs.values())

    @property
    def is_finite(self) -> bool:
        """Whether every run has a value."""
        return all(isfinite(p.difference) for p in self.pairs.values())

    @cached_property
    def tested(self) -> list[float]:
        """What the sign-flip test looks at: the differences, or their signed midranks where a run failed."""
        return self.differences if self.is_finite else [float(r) for r in signed_midranks(self.differences)]

    def p(self) -> float:
        """Test two-sided whether either arm is better."""
        return sign_flip_p(self.tested)

    def estimate(self) -> Estimate | None:
        """Estimate the effect: the mean where every run has a value, else the median; None without a pair."""
        if not self.defined:
            return None
        if not self.is_finite:
            return Median(self.defined)
        if is_share_of_runs(self.metric):
            return Share(self.defined, self.num_places)
        return Mean(self.defined)

    def d_z(self) -> float | None:
        """Divide the mean difference by the differences' standard deviation; None where that is 0."""
        if not self.is_finite or len(self.pairs) < 2:
            return None
        plain = Mean(self.differences)
        return plain.center / plain.spread if plain.spread else None

    def effect(self) -> tuple[float, Bound | None] | None:
        """Give the effect, and ">=" or "<=" where it is only known to lie beyond that.

        It is infinite where the middle pair is one with a failure, and no more is known of it; None where
        the middle lies between pairs that one arm failed in, and pairs that the other did.
        """
        if (estimate := self.estimate()) is None or isnan(center := estimate.center):
            return None
        if center == inf and 0 < (low := _median(pair.low for pair in self.pairs.values())) < inf:
            return low, ">="
        if center == -inf and -inf < (high := _median(pair.high for pair in self.pairs.values())) < 0:
            return high, "<="
        return center, None


def _median(values: Iterable[float]) -> float:
    return Median([value for value in values if not isnan(value)]).center
