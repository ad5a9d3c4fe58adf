from typing import Annotated, Literal

from pydantic import Field

from normlab.components.schedules import Factor, PacedSchedule


class Polynomial(PacedSchedule, frozen=True):
    """A power of the time that is left, from `lr` down to `final * lr`.

    factor(t) = final + (1 - final) * (1 - t / length) ^ power

    >>> [Polynomial(power=2).factor(t, 4) for t in range(5)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0]

    Source: Liu, Rabinovich & Berg 2015, ParseNet, arXiv:1506.04579, the "poly" policy.
    """

    kind: Literal["polynomial"] = "polynomial"
    power: Annotated[float, Field(gt=0, le=100)] = 2.0
    """Exponent: 1 is a straight line, above 1 falls early, below 1 falls late."""
    final: Factor = 0.0
    """Factor that the rate ends at."""

    def factor(self, time: int, length: int) -> float:
        return self.final + (1 - self.final) * (1 - min(time, length) / length) ** self.power
