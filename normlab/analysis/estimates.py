"""Where an effect lies, by what the differences are: numbers, shares, or with runs that failed among them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import ceil, inf, sqrt

import numpy as np
from numpy.typing import NDArray

Ends = tuple[float, float]


class Estimate(ABC):
    """An effect with its interval, from paired differences."""

    center: float
    """The effect."""
    spread: float
    """Standard deviation of a single difference; inf where it has none."""

    def __init__(self, differences: Sequence[float]) -> None:
        self.values: NDArray[np.float64] = np.asarray(differences, dtype=np.float64)

    @abstractmethod
    def interval(self, confidence: float) -> Ends | None:
        """Give both ends of the two-sided interval; None where there are too few differences."""

    @abstractmethod
    def p_below(self, bound: float) -> float:
        """Test one-sided whether the effect lies below a bound."""

    @abstractmethod
    def p_above(self, bound: float) -> float:
        """Test one-sided whether the effect lies above a bound."""

    def p_within(self, margin: float) -> float:
        """Test whether the effect lies within ± margin: the larger p of two one-sided tests.

        It is below a level where the interval of confidence 1 - 2 level lies within.

        Source: Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987.
        """
        return max(self.p_below(margin), self.p_above(-margin))


class Mean(Estimate):
    """The mean of differences: mean ± t s / sqrt(n), with s their standard deviation.

    >>> [round(end, 3) for end in Mean([1.0, 2.0, 3.0]).interval(0.95)]
    [-0.484, 4.484]
    """

    def __init__(self, differences: Sequence[float]) -> None:
        super().__init__(differences)
        n, self.center, self.spread = len(self.values), float(self.values.mean()), inf
        if n > 1:
            self.spread = float(self.values.std(ddof=1))
            # Equal but for rounding: 0.3 - 0.2 and 0.2 - 0.1.
            if self.spread < 1e-12 * float(np.abs(self.values).max()):
                self.spread = 0.0
        self._error = self.spread / sqrt(n)

    def interval(self, confidence: float) -> Ends | None:
        if len(self.values) < 2:
            return None
        from scipy.special import stdtrit

        half = float(stdtrit(len(self.values) - 1, (1 + confidence) / 2)) * self._error
        return self.center - half, self.center + half

    def p_below(self, bound: float) -> float:
        return self._p(bound - self.center)

    def p_above(self, bound: float) -> float:
        return self._p(self.center - bound)

    def _p(self, distance: float) -> float:
        if len(self.values) < 2:
            return 1.0
        if not self._error:
            return 0.0 if distance > 0 else 1.0
        from scipy.special import stdtr

        return float(stdtr(len(self.values) - 1, -distance / self._error))


class Share(Estimate):
    """The mean of differences between shares, each from -1 to 1: between 0 and 1 of runs that reached.

    Two pairs are added, half a pair each way and one without a difference: else the interval would have no
    width where all pairs agree, however few they are. Over k places of a grid a run moves its seed's mean by
    1 / k, and so do these.

    n' = n + 2, m = sum d / n', s^2 = (sum d^2 + 1 / k^2) / n' - m^2, m ± t s / sqrt(n')

    An arm with a share higher by `bound` differs from the other in that share of its runs at least, so the
    p against it is never smaller than the chance of what was found where it differs in just these,
    P(Binomial(k n, bound) <= k sum d), and the interval reaches as far: ten pairs without a difference leave
    room for 0.31 (Clopper and Pearson), not for 0.19 as t alone would say.

    Source: Agresti and Min, Statistics in Medicine 24, 2005; here also for shares over a grid, and with t
    (n - 1 degrees of freedom) for the normal quantile, which covers 89 % of n = 6 where one arm always
    reaches and the other does half of the time; t covers 98 %.
    """

    def __init__(self, differences: Sequence[float], places: int = 1) -> None:
        super().__init__(differences)
        n, self._freedom = len(self.values) + 2, max(len(self.values) - 1, 1)
        self._runs, self._net = places * len(self.values), round(places * float(self.values.sum()))
        self._middle = float(self.values.sum()) / n
        self.center = float(self.values.mean())
        self.spread = sqrt((float((self.values**2).sum()) + 1 / places**2) / n - self._middle**2)
        self._error = self.spread / sqrt(n)

    def interval(self, confidence: float) -> Ends | None:
        from scipy.special import stdtrit

        half = float(stdtrit(self._freedom, (1 + confidence) / 2)) * self._error
        low = min(self._middle - half, -self._furthest(-self._net, confidence))
        return max(-1.0, low), min(1.0, max(self._middle + half, self._furthest(self._net, confidence)))

    def p_below(self, bound: float) -> float:
        return self._p(bound - self._middle, bound, self._net)

    def p_above(self, bound: float) -> float:
        return self._p(self._middle - bound, -bound, -self._net)

    def _p(self, distance: float, bound: float, net: int) -> float:
        from scipy.special import bdtr, stdtr

        chance = float(bdtr(net, self._runs, min(bound, 1.0))) if net >= 0 and bound > 0 else 0.0
        return max(chance, float(stdtr(self._freedom, -distance / self._error)))

    def _furthest(self, net: int, confidence: float) -> float:
        """Give the share of runs at which so few differ in (1 - confidence) / 2 of cases; -1 below none."""
        from scipy.special import bdtri

        if net < 0:
            return -1.0
        return float(bdtri(net, self._runs, (1 - confidence) / 2)) if net < self._runs else 1.0


class Median(Estimate):
    """The median of differences of which some may be infinite; its interval goes by their order alone.

    The k-th smallest and the k-th largest, with the largest k for which P(Binomial(n, 1/2) < k) <= level / 2.
    The confidence is what was asked or more: 97.9 % for ten differences at 95 %. Below six there is none.

    Source: Thompson, Annals of Mathematical Statistics 7, 1936.

    >>> Median([3.0, 1.0, 2.0, 5.0, 4.0, float("inf")]).interval(0.95)
    (1.0, inf)
    """

    spread = inf

    def __init__(self, differences: Sequence[float]) -> None:
        super().__init__(differences)
        self.values = np.sort(self.values)
        low, high = (
            float(self.values[place]) for place in ((len(self.values) - 1) // 2, len(self.values) // 2)
        )
        # nan between -inf and inf: there is no middle.
        self.center = (low + high) / 2

    def interval(self, confidence: float) -> Ends | None:
        from scipy.special import bdtr

        n, k = len(self.values), 0
        while 2 * float(bdtr(k, n, 0.5)) <= 1 - confidence + 1e-12:
            k += 1
        return (float(self.values[k - 1]), float(self.values[n - k])) if k else None

    def p_below(self, bound: float) -> float:
        return self._p(int((self.values < bound).sum()))

    def p_above(self, bound: float) -> float:
        return self._p(int((self.values > bound).sum()))

    def _p(self, count: int) -> float:
        """Give P(Binomial(n, 1/2) >= count)."""
        from scipy.special import bdtrc

        return float(bdtrc(count - 1, len(self.values), 0.5)) if count else 1.0


def smallest_num(level: float) -> int:
    """Give the fewest pairs whose smallest p, 2 / 2^n, is below a level.

    >>> smallest_num(0.05), smallest_num(0.025)
    (6, 7)
    """
    n = ceil(1 - np.log2(level))
    return n if 2 / 2**n < level else n + 1
