"""One claim weighed: its test, its interval, and which verdict fits first."""

from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np

from normlab.analysis.estimates import Ends, Estimate, Mean, Median, smallest_num
from normlab.analysis.evidence import Evidence
from normlab.analysis.pairs import Paired
from normlab.analysis.power import FEWEST, TTest, seeds_needed
from normlab.analysis.verdict import Word

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Case:
    """A claim's evidence at a level of error."""

    evidence: Evidence
    level: float

    @cached_property
    def paired(self) -> Paired:
        """The differences, seed by seed."""
        return self.evidence.paired()

    @cached_property
    def estimate(self) -> Estimate | None:
        """The effect with its interval; None without a pair."""
        return self.paired.estimate()

    @cached_property
    def obstacle(self) -> str | None:
        """Why nothing can be compared with the other arm."""
        return self.evidence.obstacle()

    @property
    def num(self) -> int:
        """Seeds with both runs."""
        return len(self.paired.pairs)

    @property
    def is_equality(self) -> bool:
        """Whether the claim is that the arms are equal."""
        return self.evidence.claim.direction == "equal"

    @property
    def is_ranked(self) -> bool:
        """Whether a run failed: the test goes by ranks, and effect and interval are the median's."""
        return isinstance(self.estimate, Median)

    @property
    def confidence(self) -> float:
        """Of the interval: two one-sided tests go with the narrower one."""
        return 1 - (2 if self.is_equality else 1) * self.level

    @cached_property
    def interval(self) -> Ends | None:
        """The interval, on the scale that is computed on."""
        return self.estimate.interval(self.confidence) if self.estimate else None

    @property
    def towards(self) -> Ends | None:
        """The interval as seen from the claim: above 0 lies what it says."""
        if self.interval is None or self.evidence.sign > 0:
            return self.interval
        return -self.interval[1], -self.interval[0]

    @property
    def is_by_few(self) -> bool:
        """Whether the interval of the mean reaches across no difference by the seeds' own spread: pairs that
        are added to shares don't count."""
        if self.is_ranked:
            return False
        low, high = Mean(self.paired.differences).interval(self.confidence) or (-inf, inf)
        return low <= 0 <= high

    @property
    def can_be_same(self) -> bool:
        """Whether equality, or no effect, can be shown at all.

        The median looks at the pairs in the middle only: an arm that fails in a quarter of its seeds, and is
        the same in the others, would be equal.
        """
        return not self.paired.num_one_failed and len(self.paired.defined) >= FEWEST

    @cached_property
    def p(self) -> float | None:
        """The test's p, before the other claims are looked at; None where nothing is tested."""
        if self.obstacle or self.num < FEWEST:
            return None
        if not self.is_equality:
            return self.paired.p()
        return self.estimate.p_within(self.evidence.margin) if self.estimate and self.can_be_same else 1.0

    def word(self, p_holm: float) -> Word:
        """Give the first verdict that fits."""
        if self.obstacle:
            return "not comparable"
        if self.p is None or self.interval is None:
            return "undecided"
        return self._equality(p_holm) if self.is_equality else self._direction(p_holm)

    def _direction(self, p_holm: float) -> Word:
        margin = self.evidence.margin
        low, high = self.towards or (-inf, inf)
        if p_holm < self.level:
            if self.side > 0 and (low > 0 or not self.is_ranked):
                return "supported" if self.effect >= margin - _ROUNDING else "supported in direction"
            if self.side < 0 and high < 0:
                return "refuted: reversed"
        if self.is_below_margin and self.can_be_same:
            return "refuted: no effect"
        return "undecided"

    @property
    def effect(self) -> float:
        """The effect as seen from the claim; 0 without one."""
        found = self.paired.effect()
        return self.evidence.sign * found[0] if found else 0.0

    @property
    def side(self) -> int:
        """1 where the claim says, -1 on the other side; 0 where ranks and median disagree: then neither is
        believed."""
        effect, ranks = self.effect, self.evidence.sign * sum(self.paired.tested)
        return (effect > 0 < ranks) - (effect < 0 > ranks)

    @property
    def is_below_margin(self) -> bool:
        """Whether the whole interval lies below the claim's margin."""
        return bool(self.evidence.margin and self.towards and self.towards[1] < self.evidence.margin)

    def _equality(self, p_holm: float) -> Word:
        if p_holm < self.level:
            return "supported"
        margin = self.evidence.margin
        if self.interval and (self.interval[0] > margin or self.interval[1] < -margin):
            return "refuted: they differ"
        return "undecided"

    def seeds_needed(self, level: float, own_level: float, at_least: int) -> int | None:
        """Give the seeds that would decide it in four of five cases, were effect and spread those seen.

        `level` is what Holm's procedure holds this claim's p against, `own_level` is that of the claim by
        itself. Where a run failed, it goes by the ranks, and by them equality can't be planned for.
        """
        if self.estimate is None or self.num < 2:
            return None
        at_least = max(FEWEST, at_least, smallest_num(level))
        return seeds_needed(self._tests(self.estimate, level, own_level), at_least)

    def _tests(self, estimate: Estimate, level: float, own_level: float) -> list[TTest]:
        margin = self.evidence.margin
        tested = self.evidence.sign * np.array(self.paired.tested)
        mean = float(tested.mean())
        spread = float(tested.std(ddof=1)) if self.is_ranked else estimate.spread
        by_margin = self.can_be_same and not self.is_ranked

        def size(distance: float) -> float:
            return distance / spread if spread else inf if distance > 0 else 0.0

        if not self.is_equality:
            ways = [TTest((size(mean),), level, 2), TTest((size(-mean),), level, 2)]
            return ways + [TTest((size(margin - mean),), own_level, 2)] * (by_margin and margin > 0)
        if self.is_ranked:
            return []
        within = TTest((size(margin - mean), size(margin + mean)), level, 1)
        return [within] * by_margin + [TTest((size(abs(mean) - margin),), own_level, 1)]
