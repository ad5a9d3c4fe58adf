"""A verdict as a strip: each seed's difference a dot, the effect with its interval, and the margin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from normlab.analysis.scales import inner, inner_margin, outer
from normlab.analysis.verdict import Verdict
from normlab.exports.page import minus
from normlab.views.ticks import is_one_value, value_ticks

_WIDTH, _HEIGHT, _EDGE = 640, 80, 18
_DOTS, _BAR, _AXIS, _LABELS = 14, 32, 54, 72
"""Heights, from above."""


def strip(verdict: Verdict) -> str:
    """Draw a verdict as an <svg> in the page's colours; empty where nothing can be drawn.

    A ratio lies on a scale of powers. The shaded part is where the effect is what the claim says.
    """
    dots = _differences(verdict)
    ends = [] if verdict.interval is None else [_inner(end, verdict) for end in verdict.interval]
    effect = [] if verdict.effect is None else [_inner(verdict.effect, verdict)]
    known = [value for value in (*dots, *ends, *effect) if math.isfinite(value)]
    if not known:
        return ""
    margin = inner_margin(verdict.margin, verdict.direction, verdict.scale)
    ground = _Ground.around([0.0, *known, *((-margin, margin) if math.isfinite(margin) else ())])
    parts = [
        _claimed(verdict, margin, ground),
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_AXIS}" y2="{_AXIS}"/>',
        f'<line class="null" x1="{ground.at(0)}" x2="{ground.at(0)}" y1="4" y2="{_AXIS}"/>',
        *(
            f'<circle class="seed" cx="{ground.at(dot)}" cy="{_DOTS}" r="3.5"/>'
            for dot in dots
            if math.isfinite(dot)
        ),
    ]
    if ends:
        low, high = map(ground.at, ends)
        parts.append(f'<line class="interval" x1="{low}" x2="{high}" y1="{_BAR}" y2="{_BAR}"/>')
    parts += (
        f'<circle class="effect" cx="{ground.at(value)}" cy="{_BAR}" r="5.5"/>'
        for value in effect
        if math.isfinite(value)
    )
    parts += _ticks(verdict, ground)
    told = "Each seed's difference, and the effect with its interval"
    return (
        f'<svg class="strip" role="img" aria-label="{told}" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f"{''.join(parts)}</svg>"
    )


@dataclass(frozen=True)
class _Ground:
    """A stretch of differences, laid over the drawing's width."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Sequence[float]) -> "_Ground":
        low, high = min(values), max(values)
        room = (high - low or 1.0) / 20
        return cls(low - room, high + room)

    def at(self, value: float) -> float:
        """Give the place of a difference; what is infinite lies at the edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(min(max(_EDGE + share * (_WIDTH - 2 * _EDGE), 0.0), float(_WIDTH)), 1)


def _differences(verdict: Verdict) -> list[float]:
    """Give each seed's difference, on the scale that is computed on, where both runs have a value."""
    arm, against = (side.values for side in verdict.sides)
    pairs = ((arm[seed], against.get(seed)) for seed in arm)
    return [
        inner(own, verdict.scale) - inner(other, verdict.scale)
        for own, other in pairs
        if own is not None and other is not None
    ]


def _inner(value: float, verdict: Verdict) -> float:
    if verdict.scale == "difference":
        return value
    return math.log(value) if value > 0 else -math.inf


def _claimed(verdict: Verdict, margin: float, ground: _Ground) -> str:
    low, high = {
        "lower": (-math.inf, -margin),
        "higher": (margin, math.inf),
        "equal": (-margin, margin),
    }[verdict.direction]
    start, end = ground.at(low), ground.at(high)
    at, anchor = (end - 4, "end") if verdict.direction == "higher" else (start + 4, "start")
    return (
        f'<rect class="claimed" x="{start}" y="0" width="{round(end - start, 1)}" height="{_AXIS}"/>'
        f'<text class="as-claimed" x="{at}" y="{_AXIS - 4}" style="text-anchor: {anchor}">as claimed</text>'
    )


def _ticks(verdict: Verdict, ground: _Ground) -> list[str]:
    low, high = outer(ground.low, verdict.scale), outer(ground.high, verdict.scale)
    if not math.isfinite(high) or is_one_value(low, high):
        return []
    if verdict.scale == "ratio" and high > 5 * low:
        steps = (1, 2, 5) if high < 100 * low else (1,)
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        places = [m * 10.0**power for power in powers for m in steps]
        ticks = [(place, f"{place:g}") for place in places if low <= place <= high][-9:]
    else:
        # Accuracies and shares of runs in points, as the effect is told.
        unit = 1 if verdict.scale == "ratio" or verdict.metric.endswith("_ece") else 100
        places, labels = value_ticks(unit * low, unit * high)
        ticks = [(place / unit, label) for place, label in zip(places, labels, strict=True)]
    return [
        f'<text x="{ground.at(_inner(place, verdict))}" y="{_LABELS}">'
        f"{'× ' if verdict.scale == 'ratio' else ''}{minus(label)}</text>"
        for place, label in ticks
    ]
