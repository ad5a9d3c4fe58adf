from typing import Literal

from normlab.components.schedules import Duration, Factor, PacedSchedule, PositiveFactor


class Cyclic(PacedSchedule, frozen=True):
    """Swing between `lowest * lr` and `lr` along straight lines, starting low.

    factor(t) = lowest + (1 - lowest) * (1 - |s / half_cycle - 1|) * height, s = t mod (2 * half_cycle);
    height = 1 (triangular), 0.5 ^ cycles done (triangular2) or gamma ^ t (exp_range).

    >>> [Cyclic(half_cycle=2, lowest=0.5).factor(t, 6) for t in range(6)]
    [0.5, 0.75, 1.0, 0.75, 0.5, 0.75]

    Source: Smith 2017, Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186.
    """

    kind: Literal["cyclic"] = "cyclic"
    half_cycle: Duration = 200
    """Time from the lowest to the highest rate; the paper advises 2 to 10 epochs."""
    lowest: Factor = 0.1
    """Factor that each cycle starts and ends at."""
    shape: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    """What becomes of the swings: they keep their height, halve it each cycle, or lose it by `gamma`."""
    gamma: PositiveFactor = 0.99994
    """Factor on the height per unit of time, for exp_range."""

    def factor(self, time: int, length: int) -> float:
        cycle, since = divmod(time, 2 * self.half_cycle)
        height = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": self.gamma**time}[self.shape]
        return self.lowest + (1 - self.lowest) * (1 - abs(since / self.half_cycle - 1)) * height
