import math
from typing import Literal

from normlab.components.schedules import Factor, PacedSchedule


class Cosine(PacedSchedule, frozen=True):
    """Half a cosine from `lr` down to `final * lr`.

    factor(t) = final + (1 - final) * (1 + cos(pi * t / length)) / 2

    >>> [round(Cosine().factor(t, 4), 4) for t in (0, 2, 4)]
    [1.0, 0.5, 0.0]

    Source: Loshchilov & Hutter 2017, SGDR, arXiv:1608.03983, equation 5, without restarts.
    """

    kind: Literal["cosine"] = "cosine"
    final: Factor = 0.0
    """Factor that the rate ends at."""

    def factor(self, time: int, length: int) -> float:
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * min(time, length) / length)) / 2
