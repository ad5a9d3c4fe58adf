"""How far apart two arms are, in words: as a percentage, in points, as a speed."""

from math import inf, isfinite

from normlab.analysis.verdict import Verdict

SPEEDS = ("epochs_to", "steps_to", "seconds", "samples_per_second")
"""Metrics that are told as speeds: half the epochs is twice as fast."""


def effect_text(verdict: Verdict) -> str:
    """Tell the effect in words: "29 % lower", "2.1 times as fast", "1.2 points higher"; "" without one."""
    effect = verdict.effect
    if effect is None:
        return "either way by turns" if verdict.interval else ""
    if not isfinite(effect) or (verdict.scale == "ratio" and not effect):
        return ""
    # At least 4 times as fast is at most a quarter of the epochs.
    known = {"<=": "at least ", ">=": "at most ", None: ""}[verdict.effect_bound]
    return known + _amount(verdict, effect)


def interval_text(verdict: Verdict) -> str:
    """Tell where the effect lies; "" where there is no interval, or both ends are told alike."""
    if verdict.interval is None:
        return ""
    low, high = verdict.interval
    none = 0.0 if verdict.scale == "ratio" else -inf
    if low == high:
        told = ""
    elif low == none and high == inf:
        told = "open at both ends"
    elif low == none or high == inf:
        told = _one_sided(verdict, high if low == none else low, opens_down=low == none)
    else:
        told = _two_sided(verdict, low, high)
    return told and f"{100 * verdict.confidence:g} % interval {told}"


def margin_text(verdict: Verdict) -> str:
    """Tell the claim's margin; "" where it has none."""
    if not verdict.margin:
        return ""
    if verdict.scale == "ratio":
        return f"{number(100 * verdict.margin)} %"
    if verdict.metric.endswith("_ece"):
        return number(verdict.margin)
    points = number(100 * verdict.margin)
    return f"{points} point{'' if points == '1' else 's'}"


def number(value: float) -> str:
    """Write three digits, whole numbers from a thousand, and powers of ten from a million.

    >>> number(0.98), number(31.0), number(999.7), number(12345.6), number(1e300)
    ('0.98', '31', '1,000', '12,346', '1e+300')
    """
    return f"{value:,.0f}" if 999.5 <= abs(value) < 1e6 else f"{value:.3g}"


def rough(value: float) -> str:
    """Write two digits, and whole numbers from ten: how far apart two arms are is not known better.

    >>> rough(1.534), rough(28.64), rough(-0.501), rough(2400.4), rough(1e300)
    ('1.5', '29', '-0.5', '2,400', '1e+300')
    """
    return f"{value:,.0f}" if 10 <= abs(value) < 1e6 else f"{value:.2g}"


def _amount(verdict: Verdict, effect: float) -> str:
    if verdict.metric in SPEEDS:
        speed = rough(_speed(verdict, effect))
        return "as fast" if speed == "1" else f"{speed} times as fast"
    if verdict.scale == "difference":
        return f"{_points(verdict, abs(effect))} {_higher(effect)}" if effect else "no difference"
    if effect >= 2:
        return f"{rough(effect)} times as high"
    if effect < 0.01:
        return "less than a hundredth of it"
    return f"{_small(100 * abs(effect - 1))} % {_higher(effect - 1)}" if effect != 1 else "no difference"


def _higher(difference: float) -> str:
    return "higher" if difference > 0 else "lower"


def _speed(verdict: Verdict, ratio: float) -> float:
    """Turn a ratio of times into one of speeds."""
    if verdict.metric == "samples_per_second":
        return ratio
    return 1 / ratio if ratio else inf


def _points(verdict: Verdict, difference: float) -> str:
    if verdict.metric.endswith("_ece"):
        return rough(difference)
    points = _small(100 * difference)
    return f"{points} point{'' if points == '1' else 's'}"


def _small(value: float) -> str:
    return rough(value) if value >= 0.01 else "less than 0.01"


def _one_sided(verdict: Verdict, end: float, *, opens_down: bool) -> str:
    """Tell an interval without the other end: "at least 37 % lower", "at most 20 % higher"."""
    if verdict.metric in SPEEDS:
        is_fast = opens_down != (verdict.metric == "samples_per_second")
        return f"at {'least' if is_fast else 'most'} {_amount(verdict, end)}"
    none = 1 if verdict.scale == "ratio" else 0
    if end == none:
        return f"no difference or {'lower' if opens_down else 'higher'}"
    if verdict.scale == "ratio" and end < 0.01:
        return "less than a hundredth of it" if opens_down else f"at least {rough(end)} times as high"
    return f"at {'least' if (end < none) == opens_down else 'most'} {_amount(verdict, end)}"


def _two_sided(verdict: Verdict, low: float, high: float) -> str:
    if verdict.metric in SPEEDS:
        low, high = sorted((_speed(verdict, low), _speed(verdict, high)))
        first, last, unit = rough(low), rough(high), " times"
    elif verdict.metric.endswith("_ece"):
        first, last, unit = f"{low:+.2g}", f"{high:+.2g}", ""
    elif verdict.scale == "difference":
        first, last, unit = _signed(100 * low), _signed(100 * high), " points"
    elif low < 0.01 or high >= 2:
        first, last, unit = rough(low), rough(high), " times"
    else:
        first, last, unit = _signed(100 * (low - 1)), _signed(100 * (high - 1)), " %"
    return "" if first == last else f"{first} to {last}{unit}"


def _signed(value: float) -> str:
    return "0" if abs(value) < 0.01 else ("+" if value > 0 else "") + rough(value)
