"""Verdicts in sentences, for a reader who knows the field but not this study. Never "proved"."""

from math import inf, isfinite

from normlab.analysis.verdict import Side, Verdict
from normlab.core.text import visible

_SPEEDS = ("epochs_to", "steps_to", "seconds", "samples_per_second")


def sentences(verdict: Verdict, data_name: str) -> str:
    """Tell what was found, and what it says of the claim: plain text, two sentences."""
    return f"{finding(verdict, data_name)} {conclusion(verdict)}"


def finding(verdict: Verdict, data_name: str) -> str:
    """Tell both arms' values, the effect with its interval, and in how many seeds it shows."""
    num = verdict.num_pairs
    start = f"On {visible(data_name)}, {num} seed{'' if num == 1 else 's'}"
    if not num:
        return f"{start}: nothing to compare yet."
    effect = effect_text(verdict)
    details = [text for text in (_interval(verdict), _wins(verdict), _reached(verdict)) if text]
    where = _where(verdict)
    return f"{start}{where}: {_values(verdict)}{': ' + effect if effect else ''} ({'; '.join(details)})."


def conclusion(verdict: Verdict) -> str:
    """Tell what that says of the claim."""
    margin = _margin(verdict)
    match verdict.verdict:
        case "supported" if verdict.direction == "equal":
            return f"Supported for this setup: equal within {margin}."
        case "supported":
            return f"Supported for this setup{f', and by at least {margin} in the mean' if margin else ''}."
        case "supported in direction":
            return f"Supported in direction only, for this setup: the difference found is below {margin}."
        case "refuted: reversed":
            return "Refuted for this setup: it is the other way round."
        case "refuted: no effect":
            return f"Refuted for this setup: the difference, if any, is smaller than {margin}."
        case "refuted: they differ":
            return f"Refuted for this setup: they differ by more than {margin}."
        case "not comparable":
            return f"Not comparable: {visible(verdict.against)} {verdict.reason}."
        case _:
            needed = verdict.seeds_needed
            then = f"; {needed:,} seeds would probably decide it" if needed else ""
            return f"Undecided: {verdict.reason}{then}."


# What was measured.


def _values(verdict: Verdict) -> str:
    arm, against = verdict.sides
    own, other = visible(arm.name), visible(against.name)
    metric, goal = verdict.metric, _goal(verdict)
    match metric:
        case "epochs_to" | "steps_to":
            unit = metric.removesuffix("_to")
            first, second = _median(arm, unit), _median(against, unit)
            if arm.median is not None and against.median is not None:
                return f"{own} reached {goal} in {first} against {_number(against.median)} for {other}"
            if arm.median is None and against.median is None:
                return f"neither {own} nor {other} reached {goal} in more than half of their runs"
            return f"{own} reached {goal} in {first}, {other} in {second}"
        case "reached":
            return f"{own} reached {goal} in {_share(arm)}, {other} in {_share(against)}"
        case "diverged":
            return f"{own} diverged in {_share(arm)}, {other} in {_share(against)}"
        case _ if _middle(verdict, arm) is None or _middle(verdict, against) is None:
            return f"{_value(verdict, arm)}, {_value(verdict, against)}"
        case _:
            middle = _middle(verdict, against)
            return f"{_value(verdict, arm)} against {_number(middle or 0.0)} for {other}"


def _value(verdict: Verdict, side: Side) -> str:
    name, middle = visible(side.name), _middle(verdict, side)
    if middle is None:
        return f"{name} failed in {side.num_failed} of {side.num} runs"
    kind, value = "" if _has_means(verdict) else "median ", _number(middle)
    match verdict.metric:
        case "seconds":
            return f"{name} took {f'a {kind}of ' if kind else ''}{value} seconds"
        case "samples_per_second":
            return f"{name} trained on {f'a {kind}of ' if kind else ''}{value} samples per second"
        case metric:
            when = "its best epoch" if verdict.at == "best" else "the end"
            return f"{name} had a {kind}{metric} of {value} at {when}"


def _median(side: Side, unit: str) -> str:
    if side.median is None:
        return "no more than half of its runs"
    return f"a median of {_number(side.median)} {unit}"


def _has_means(verdict: Verdict) -> bool:
    return all(side.mean is not None for side in verdict.sides)


def _middle(verdict: Verdict, side: Side) -> float | None:
    return side.mean if _has_means(verdict) else side.median


def _share(side: Side) -> str:
    values = list(side.values.values())
    if all(value in (0.0, 1.0, None) for value in values):
        return f"{sum(value == 1.0 for value in values)} of {side.num} runs"
    return "no share of runs that is known" if side.mean is None else f"{100 * side.mean:.3g} % of runs"


def _goal(verdict: Verdict) -> str:
    return " ".join(f"{name} {_number(goal)}" for name, goal in (verdict.target or {}).items())


def _where(verdict: Verdict) -> str:
    places = [f"{path.split('.')[-1]} = {value}" for path, value in verdict.where.items()]
    return f" at {visible(', '.join(places))}" if places else ""


# How far apart the arms are.


def effect_text(verdict: Verdict) -> str:
    """Tell the effect in words: "29 % lower", "2.1 times as fast", "1.2 points higher"; "" without one."""
    effect = verdict.effect
    if effect is None or not isfinite(effect) or (verdict.scale == "ratio" and not effect):
        return ""
    if verdict.metric in _SPEEDS:
        speed = _speed(verdict, effect)
        # At least 4 times as fast is at most a quarter of the epochs.
        known = {"<=": "at least ", ">=": "at most ", None: ""}[verdict.effect_bound]
        return f"{known}{_rough(speed)} times as fast"
    if verdict.scale == "difference":
        return f"{_points(verdict, abs(effect))} {_higher(effect)}" if effect else "no difference"
    if effect >= 2:
        return f"{_rough(effect)} times as high"
    if effect < 0.01:
        return f"a {_rough(1 / effect)}th of it"
    return f"{_rough(100 * abs(effect - 1))} % {_higher(effect - 1)}" if effect != 1 else "no difference"


def _higher(difference: float) -> str:
    return "higher" if difference > 0 else "lower"


def _speed(verdict: Verdict, ratio: float) -> float:
    """Turn a ratio of times into one of speeds."""
    if verdict.metric == "samples_per_second":
        return ratio
    return 1 / ratio if ratio else inf


def _points(verdict: Verdict, difference: float) -> str:
    if verdict.metric.endswith("_ece"):
        return _rough(difference)
    points = _rough(100 * difference)
    return f"{points} point{'' if points == '1' else 's'}"


def _interval(verdict: Verdict) -> str:
    if verdict.interval is None:
        return ""
    low, high = verdict.interval
    start = f"{100 * verdict.confidence:g} % interval "
    if verdict.metric in _SPEEDS:
        low, high = sorted((_speed(verdict, low), _speed(verdict, high)))
        return start + _range(low, high, " times")
    if verdict.scale == "difference":
        factor, unit = (1, "") if verdict.metric.endswith("_ece") else (100, " points")
        return start + _range(factor * low, factor * high, unit, "+")
    if high < 2:
        return start + _range(100 * (low - 1), 100 * (high - 1), " %", "+")
    return start + _range(low, high, " times")


def _range(low: float, high: float, unit: str, plus: str = "") -> str:
    first, last = ((plus if end > 0 else "") + _rough(end) for end in (low, high))
    if isfinite(low) and isfinite(high):
        return f"{first} to {last}{unit}"
    if isfinite(low):
        return f"{first}{unit} or more"
    return f"{last}{unit} or less" if isfinite(high) else "without an end"


def _wins(verdict: Verdict) -> str:
    count = f"in {verdict.wins} of {verdict.num_pairs} seeds"
    if verdict.direction == "equal":
        return f"nearer than {_margin(verdict)} {count}"
    if verdict.metric in _SPEEDS:
        is_fast = (verdict.direction == "higher") == (verdict.metric == "samples_per_second")
        return f"{'faster' if is_fast else 'slower'} {count}"
    if verdict.metric in ("reached", "diverged"):
        return f"{'more' if verdict.direction == 'higher' else 'less'} often {count}"
    return f"{verdict.direction} {count}"


def _reached(verdict: Verdict) -> str:
    if verdict.metric not in ("epochs_to", "steps_to"):
        return ""
    first, second = (f"{side.num - side.num_failed} of {side.num}" for side in verdict.sides)
    return f"reached {first} and {second}"


def _margin(verdict: Verdict) -> str:
    if not verdict.margin:
        return ""
    if verdict.scale == "ratio":
        return f"{_number(100 * verdict.margin)} %"
    return _points(verdict, verdict.margin)


def _number(value: float) -> str:
    """Write three digits, and whole numbers from a thousand.

    >>> _number(0.98), _number(31.0), _number(12345.6)
    ('0.98', '31', '12,346')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _rough(value: float) -> str:
    """Write two digits, and whole numbers from ten: how far apart two arms are is not known better.

    >>> _rough(1.534), _rough(28.64), _rough(-0.501), _rough(2400.4)
    ('1.5', '29', '-0.5', '2,400')
    """
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"
