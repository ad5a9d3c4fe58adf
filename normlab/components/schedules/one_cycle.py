import math
from typing import Annotated, Literal

from pydantic import Field

from normlab.components.schedules import Schedule

Divisor = Annotated[float, Field(ge=1, le=1e9)]


class OneCycle(Schedule, frozen=True):
    """Climb to `lr`, then fall far below where the rate started, per step.

    start = 1 / div_factor, final = start / final_div_factor, peak = max(0, peak_at * length - 1);
    factor goes from start at t = 0 to 1 at t = peak and to final at t = length - 1, the last step, along
    straight lines or half cosines.

    Source: Smith & Topin 2018, Super-Convergence, arXiv:1708.07120. Departures: half cosines unless "linear"
    is chosen, one long fall instead of two and a peak one step early, all as in torch; momentum stays.
    """

    kind: Literal["one_cycle"] = "one_cycle"
    peak_at: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the training after which the rate is at its peak."""
    div_factor: Divisor = 25.0
    """The rate starts at lr / div_factor."""
    final_div_factor: Divisor = 1e4
    """The rate ends at lr / (div_factor * final_div_factor)."""
    anneal: Literal["cosine", "linear"] = "cosine"
    """Shape of the climb and the fall."""

    def factor(self, time: int, length: int) -> float:
        start = 1 / self.div_factor
        peak, last = max(0.0, self.peak_at * length - 1), length - 1
        if time < peak:
            return self._between(start, 1.0, time / peak)
        share = min(time - peak, last - peak) / (last - peak) if last > peak else 0.0
        return self._between(1.0, start / self.final_div_factor, share)

    def _between(self, begin: float, end: float, share: float) -> float:
        rest = (1 + math.cos(math.pi * share)) / 2 if self.anneal == "cosine" else 1 - share
        return end + (begin - end) * rest
