"""A verdict's numbers as they are written: effect and interval in its metric's own orientation."""

from collections.abc import Iterator
from math import inf, isfinite

from normlab.analysis.amounts import number
from normlab.analysis.scales import scale_of
from normlab.analysis.verdict import Verdict
from normlab.lab.study import Claim


def figures(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Name the numbers of a verdict."""
    yield "claimed", claimed(verdict)
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


def claimed(claim: Claim | Verdict) -> str:
    """Write which way and how far a claim says that its arm differs.

    >>> claim = Claim(text="t", arm="a", metric="val_loss", direction="lower", margin=0.1)
    >>> claimed(claim), claimed(claim.model_copy(update={"metric": "val_accuracy", "direction": "equal"}))
    ('lower by 10 % or more', 'equal within 10 points')
    """
    if not claim.margin:
        return claim.direction
    is_ratio = scale_of(claim.metric) == "ratio"
    amount = number(claim.margin if claim.metric.endswith("_ece") else 100 * claim.margin)
    unit = " %" if is_ratio else _points(claim.metric, amount)
    return (
        f"equal within {amount}{unit}"
        if claim.direction == "equal"
        else (f"{claim.direction} by {amount}{unit} or more")
    )


def effect(verdict: Verdict) -> str:
    """Write an effect, in its metric's own orientation: × 0.71, or +1.2 points; – where a run failed in the
    middle pair, which has no difference then.
    """
    if verdict.effect is None or not isfinite(verdict.effect):
        return "–"
    sign = {">=": "≥ ", "<=": "≤ "}.get(verdict.effect_bound or "", "")
    return f"{sign}{_one(verdict.effect, verdict)}{_unit(verdict)}"


def interval(verdict: Verdict) -> str:
    """Write where an effect lies."""
    if verdict.interval is None:
        return "–"
    low, high = verdict.interval
    lowest = 0 if verdict.scale == "ratio" else -inf
    opens, ends = low <= lowest, high == inf
    if low == inf or high <= lowest:
        return "–"
    if opens and ends:
        return "any"
    if opens:
        text = f"at most {_one(high, verdict)}"
    elif ends:
        text = f"at least {_one(low, verdict)}"
    else:
        text = f"{_one(low, verdict)} to {_one(high, verdict)}"
    return text + _unit(verdict)


def levelled(verdict: Verdict) -> str:
    """Write where an effect lies, and at which level: equality is judged at another."""
    text = interval(verdict)
    return text if text == "–" else f"{text} ({100 * verdict.confidence:.4g} %)"


def _one(value: float, verdict: Verdict) -> str:
    if verdict.scale == "ratio":
        return f"× {value:.3g}"
    if not _unit(verdict):
        return f"{round(value, 4):+.4f}" if round(value, 4) else "0"
    return f"{round(100 * value, 2):+.3g}" if round(100 * value, 2) else "0"


def _unit(verdict: Verdict) -> str:
    """Accuracies and shares of runs are told in hundredths."""
    return "" if verdict.scale == "ratio" else _points(verdict.metric)


def _points(metric: str, amount: str = "") -> str:
    return "" if metric.endswith("_ece") else " point" if amount == "1" else " points"
