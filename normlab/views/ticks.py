"""Round values on an axis, and their labels."""

import math
import sys


def is_one_value(low: float, high: float) -> bool:
    """Tell whether a range is next to nothing, as rounding leaves it: no axis parts its values."""
    return high - low <= max(1e-9 * max(abs(low), abs(high)), 1e-300)


def whole_ticks(low: float, high: float) -> list[int]:
    """Choose up to about eight whole, round numbers between two values.

    >>> whole_ticks(1, 500)
    [100, 200, 300, 400, 500]
    """
    step = next(s for e in range(12) for s in (10**e, 2 * 10**e, 5 * 10**e) if (high - low) / s <= 8)
    return list(range(math.ceil(low / step) * step, math.floor(high) + 1, step)) or [round(low)]


def value_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Choose up to about six round values in a range, with labels as short as tells them apart.

    >>> value_ticks(0.0, 2e20)[1], value_ticks(0.13, 0.32)[1]
    (['0', '5e+19', '1e+20', '1.5e+20', '2e+20'], ['0.15', '0.20', '0.25', '0.30'])
    """
    if is_one_value(low, high):
        return [low], [f"{low:.3g}"]
    rough = high / 6 - low / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough * (1 - 1e-9))
    ticks = [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    if step >= 1e-4 and max(abs(low), abs(high)) < 1e6:
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return ticks, [f"{tick:.{decimals}f}" for tick in ticks]
    labels = [f"{tick:.3g}" for tick in ticks]
    digits = 3
    while len(set(labels)) < len(ticks) and digits < 12:
        digits += 1
        labels = [f"{tick:.{digits}g}" for tick in ticks]
    return ticks, labels


def log_ticks(low: float, high: float) -> list[float]:
    """Choose round values between two powers of ten: 1, 2 and 5 of each decade, or decades alone."""
    decades = range(max(math.floor(low), -323), min(math.ceil(high), 307) + 1)  # no float holds 5e308
    steps = (1, 2, 5) if high - low < 3 else (1,)
    ticks = [m * 10.0**d for d in decades for m in steps]
    inside = [tick for tick in ticks if low - 1e-9 <= math.log10(tick) <= high + 1e-9]
    if len(inside) >= 2:
        return inside
    smallest, largest = math.ulp(0.0), math.log10(sys.float_info.max) - 1e-9
    return [max(10 ** min(end, largest), smallest) for end in (low, high)]
