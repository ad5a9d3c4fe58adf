"""A verdict's numbers as they are written: effect and interval in its metric's own orientation."""

from collections.abc import Iterator
from math import inf, isfinite

from normlab.analysis.verdict import Verdict


def figures(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Name the numbers of a verdict."""
    if verdict.effect is not None:
        yield "effect", effect(verdict)
    if verdict.interval is not None:
        yield f"{100 * verdict.confidence:.4g} % interval", interval(verdict)
    if verdict.p is not None:
        yield "p", f"{verdict.p:.2g}"
    if verdict.p_holm is not None:
        yield "p (Holm)", f"{verdict.p_holm:.2g}"
    yield "pairs", str(verdict.num_pairs)
    if verdict.wins is not None:
        yield "wins", str(verdict.wins)
    if verdict.d_z is not None:
        yield "d_z", f"{verdict.d_z:.2f}"
    if verdict.seeds_needed is not None:
        yield "seeds needed", f"about {verdict.seeds_needed:,}{' fresh ones' if verdict.is_extended else ''}"


def effect(verdict: Verdict) -> str:
    """Write an effect, in its metric's own orientation: × 0.71, or +1.2 points."""
    if verdict.effect is None:
        return "–"
    sign = {">=": "≥ ", "<=": "≤ "}.get(verdict.effect_bound or "", "")
    return f"{sign}{_one(verdict.effect, verdict)}{_unit(verdict)}"


def interval(verdict: Verdict) -> str:
    """Write where an effect lies."""
    if verdict.interval is None:
        return "–"
    low, high = verdict.interval
    opens, ends = low <= (0 if verdict.scale == "ratio" else -inf), high == inf
    if opens and ends:
        return "any"
    if opens:
        text = f"at most {_one(high, verdict)}"
    elif ends:
        text = f"at least {_one(low, verdict)}"
    else:
        text = f"{_one(low, verdict)} to {_one(high, verdict)}"
    return text + _unit(verdict)


def _one(value: float, verdict: Verdict) -> str:
    if not isfinite(value):
        return "∞" if value > 0 else "-∞"
    if verdict.scale == "ratio":
        return f"× {value:.3g}"
    if not _unit(verdict):
        return f"{round(value, 4):+.4f}" if round(value, 4) else "0"
    return f"{round(100 * value, 2):+.3g}" if round(100 * value, 2) else "0"


def _unit(verdict: Verdict) -> str:
    """Accuracies and shares of runs are told in hundredths."""
    return "" if verdict.scale == "ratio" or verdict.metric.endswith("_ece") else " points"
