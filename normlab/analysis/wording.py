"""Verdicts in sentences, for a reader who knows the field but not this study. Never "proved"."""

from math import isclose

from normlab.analysis.amounts import SPEEDS, effect_text, interval_text, margin_text, number
from normlab.analysis.scales import SMALLEST, inner, outer
from normlab.analysis.verdict import Side, Verdict
from normlab.core.text import visible
from normlab.lab.study import point_label


def sentences(verdict: Verdict, data_name: str) -> str:
    """Tell what was found, and what it says of the claim: plain text, two sentences."""
    return f"{finding(verdict, data_name)} {conclusion(verdict)}"


def finding(verdict: Verdict, data_name: str) -> str:
    """Tell both arms' values, the effect with its interval, and in how many seeds it shows."""
    num = verdict.num_pairs
    start = f"On {visible(data_name)}, {num} seed{'' if num == 1 else 's'}{_places(verdict)}"
    if not num:
        return f"{start}: nothing to compare yet."
    effect = effect_text(verdict) + _of_what(verdict)
    details = "; ".join(filter(None, (interval_text(verdict), _wins(verdict), _reached(verdict))))
    told = f"{start}{_where(verdict)}: {_values(verdict)}{': ' + effect if effect else ''}"
    return f"{told} ({details})." if details else f"{told}."


def conclusion(verdict: Verdict) -> str:
    """Tell what that says of the claim."""
    margin = margin_text(verdict)
    match verdict.verdict:
        case "supported" if verdict.direction == "equal":
            return f"Supported for this setup: equal within {margin}."
        case "supported":
            found = f", and the difference found is at least {margin}" if margin else ""
            return f"Supported for this setup{found}."
        case "supported in direction" if verdict.effect_bound:
            return (
                f"Supported in direction only, for this setup: whether it is {margin} or more can't be told."
            )
        case "supported in direction":
            return f"Supported in direction only, for this setup: the difference found is below {margin}."
        case "refuted: reversed":
            return "Refuted for this setup: it is the other way round."
        case "refuted: no effect":
            what = _SHARES.get(verdict.metric, verdict.metric)
            return f"Refuted for this setup: {what} is not {verdict.direction} by {margin} or more."
        case "refuted: they differ":
            return f"Refuted for this setup: they differ by more than {margin}."
        case "not comparable":
            return f"Not comparable: {visible(verdict.against)} {verdict.reason}."
        case _:
            return f"Undecided: {verdict.reason}{_outlook(verdict)}."


_SHARES = {"reached": "the share of runs that reach it", "diverged": "the share of runs that diverge"}


def _outlook(verdict: Verdict) -> str:
    if verdict.seeds_needed is None:
        return ""
    seeds = f"{verdict.seeds_needed:,} seeds"
    if verdict.is_extended:
        return f"; a fresh study of {seeds} would probably decide it"
    return f"; extended to {seeds}, the study would probably decide it"


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
                return f"{own} reached {goal} in {first} against {number(against.median)} for {other}"
            if arm.median is None and against.median is None:
                return f"neither {own} nor {other} reached {goal} in more than half of their runs"
            return f"{own} reached {goal} in {first}, {other} in {second}"
        case "reached":
            return f"{own} reached {goal} in {_share(verdict, arm)}, {other} in {_share(verdict, against)}"
        case "diverged":
            return f"{own} diverged in {_share(verdict, arm)}, {other} in {_share(verdict, against)}"
        case _ if _middle(verdict, arm) is None or _middle(verdict, against) is None:
            return f"{_value(verdict, arm)}, {_value(verdict, against)}"
        case _:
            middle = _middle(verdict, against)
            return f"{_value(verdict, arm)} against {number(middle or 0.0)} for {other}"


def _value(verdict: Verdict, side: Side) -> str:
    name, middle = visible(side.name), _middle(verdict, side)
    if middle is None:
        if verdict.num_places > 1:
            return f"{name} failed in {side.num_failed} of {side.num} seeds at one place of the grid or more"
        return f"{name} failed in {side.num_failed} of {side.num} runs"
    kind, value = "" if _has_means(verdict) else "median ", number(middle)
    match verdict.metric:
        case "seconds":
            return f"{name} took {f'a {kind}of ' if kind else ''}{value} seconds"
        case "samples_per_second":
            return f"{name} trained on {f'a {kind}of ' if kind else ''}{value} samples per second"
        case metric:
            return f"{name} had a {kind}{metric} of {value} at {_when(verdict)}"


def _when(verdict: Verdict) -> str:
    if verdict.at == "last":
        return "the end"
    if verdict.best_metric in (None, verdict.metric):
        return "its best epoch"
    return f"the epoch of its best {verdict.best_metric}"


def _median(side: Side, unit: str) -> str:
    if side.median is None:
        return "no more than half of its runs"
    return f"a median of {number(side.median)} {unit}"


def _has_means(verdict: Verdict) -> bool:
    return all(side.mean is not None for side in verdict.sides)


def _middle(verdict: Verdict, side: Side) -> float | None:
    return side.mean if _has_means(verdict) else side.median


def _share(verdict: Verdict, side: Side) -> str:
    if verdict.num_places == 1:
        return f"{sum(value == 1.0 for value in side.values.values())} of {side.num} runs"
    return "no share of runs that is known" if side.mean is None else f"{100 * side.mean:.3g} % of runs"


def _goal(verdict: Verdict) -> str:
    return " ".join(f"{name} {number(goal)}" for name, goal in (verdict.target or {}).items())


def _where(verdict: Verdict) -> str:
    return f" at {visible(point_label(verdict.where), 200)}" if verdict.where else ""


def _places(verdict: Verdict) -> str:
    places, num = verdict.num_places, verdict.num_pairs
    each = "each with" if num > 1 else "with"
    return f", {each} the mean over {places} places of the grid" if places > 1 and num else ""


def _of_what(verdict: Verdict) -> str:
    """Say that the effect is one of pairs where both values, divided or subtracted, tell another one."""
    middles = [_told(verdict, side) for side in verdict.sides]
    if verdict.effect is None or verdict.effect_is_bound or None in middles or not effect_text(verdict):
        return ""
    arm, against = (middle or 0.0 for middle in middles)
    if verdict.scale == "ratio" and min(arm, against) < SMALLEST:
        return ""
    between = outer(inner(arm, verdict.scale) - inner(against, verdict.scale), verdict.scale)
    if isclose(between, verdict.effect, rel_tol=1e-3):
        return ""
    if effect_text(verdict.model_copy(update={"effect": between})) == effect_text(verdict):
        return ""
    kind = "mean" if all(side.num_failed == 0 for side in verdict.sides) else "median"
    return f" in the {kind} of the seeds' {verdict.scale}s"


def _told(verdict: Verdict, side: Side) -> float | None:
    return side.median if verdict.metric in ("epochs_to", "steps_to") else _middle(verdict, side)


def _wins(verdict: Verdict) -> str:
    if verdict.wins is None:
        return ""
    count = f"in {verdict.wins} of {verdict.num_pairs} seeds"
    if verdict.direction == "equal":
        return f"nearer than {margin_text(verdict)} {count}"
    if verdict.metric in SPEEDS:
        is_fast = (verdict.direction == "higher") == (verdict.metric == "samples_per_second")
        return f"{'faster' if is_fast else 'slower'} {count}"
    if verdict.metric in ("reached", "diverged"):
        if verdict.num_places > 1:
            return f"{'more' if verdict.direction == 'higher' else 'less'} often {count}"
        arm, against = verdict.sides
        return f"{visible((arm if verdict.direction == 'higher' else against).name)} alone {count}"
    return f"{verdict.direction} {count}"


def _reached(verdict: Verdict) -> str:
    if verdict.metric not in ("epochs_to", "steps_to"):
        return ""
    first, second = (f"{side.num - side.num_failed} of {side.num}" for side in verdict.sides)
    return f"reached {first} and {second}"
