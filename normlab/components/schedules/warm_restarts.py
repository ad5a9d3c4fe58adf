import math
from typing import Annotated, Literal

from pydantic import Field

from normlab.components.schedules import Duration, Factor, PacedSchedule


class WarmRestarts(PacedSchedule, frozen=True):
    """Half a cosine from `lr` down towards `final * lr`, again and again, each longer than the last.

    factor(t) = final + (1 - final) * (1 + cos(pi * s / period)) / 2, at s = 0 ... period - 1 since the last
    restart; period = first_period, then each time multiplied by `multiplier`.

    >>> [round(WarmRestarts(first_period=2).factor(t, 6), 4) for t in range(6)]
    [1.0, 0.5, 1.0, 0.8536, 0.5, 0.1464]

    Source: Loshchilov & Hutter 2017, SGDR, arXiv:1608.03983, equation 5. Departure: per epoch, the rate
    holds within an epoch, where the paper lets it fall with every batch; for that, choose steps.
    """

    kind: Literal["warm_restarts"] = "warm_restarts"
    per: Literal["step", "epoch"] = "epoch"
    """Unit of the periods: optimizer steps, or epochs."""
    first_period: Duration = 10
    """Time until the first restart."""
    multiplier: Annotated[int, Field(ge=1, le=1000)] = 2
    """How much longer each period is than the one before."""
    final: Factor = 0.0
    """Factor that each period falls towards."""

    def factor(self, time: int, length: int) -> float:
        since, period = time, self.first_period
        if self.multiplier == 1:
            since %= period
        while since >= period:
            since -= period
            period *= self.multiplier
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * since / period)) / 2
