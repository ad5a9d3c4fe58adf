"""What a reader of a verdict must keep in mind."""

from collections.abc import Iterator
from math import isnan

from normlab.analysis.case import Case
from normlab.analysis.scales import SMALLEST
from normlab.analysis.verdict import Side, Word
from normlab.core.text import visible


def caveats(case: Case, word: Word, num_claims: int) -> Iterator[str]:
    """Yield the caveats of a claim's verdict, the gravest first."""
    yield from _failures(case)
    yield from _broken_off(case)
    if word == "refuted: no effect" or (word == "supported" and case.is_equality):
        share = unseen_share(case.num)
        yield (
            f"Of a collapse that happens in fewer than {100 * share:.0f} % of runs, {_seeds(case.num)} may "
            "well show none."
        )
    if word.startswith("supported") and not case.is_equality and case.is_by_few:
        yield (
            "The exact test speaks against chance, but the interval of the mean reaches across no "
            "difference: few seeds make most of it."
        )
    if num_claims > 1 and (word.startswith("supported") or word == "refuted: reversed"):
        yield f"p is adjusted for the study's {num_claims} claims (Holm)."
    if num_claims > 1 and word in ("refuted: no effect", "refuted: they differ"):
        yield f"The interval is this claim's alone: it is not adjusted for the study's {num_claims} claims."
    if case.evidence.is_floored():
        yield f"Values below {SMALLEST:g} count as that: float32 can't tell them from 0, which has no ratio."
    yield from _times(case)


def unseen_share(num: int) -> float:
    """Give the share of runs that may collapse with `num` of them showing none in one of twenty cases.

    1 - 0.05^(1 / num), for many runs 3 / num.

    Source: Hanley and Lippman-Hand, JAMA 249, 1983 (the rule of three).

    >>> round(unseen_share(6), 2), round(unseen_share(20), 2)
    (0.39, 0.14)
    """
    return 1 - 0.05 ** (1 / num)


def _failures(case: Case) -> Iterator[str]:
    evidence, paired, places = case.evidence, case.paired, case.evidence.num_places
    for side in evidence.sides:
        if side.num_failed:
            yield _failed(side, evidence.claim.metric in ("epochs_to", "steps_to"), places)
    if case.is_ranked:
        yield "As runs failed, the test goes by ranks, and effect and interval are the median's."
    if both := sum(isnan(pair.difference) for pair in paired.pairs.values()):
        what = "both failed" if places == 1 else "no place of the grid has values of both"
        yield f"In {_seeds(both)} {what}: no difference in the test, left out of effect and interval."
    if places > 1 and any(side.num_failed for side in evidence.sides):
        yield (
            "In a seed the arm that fails at more places of the grid than the other is the worse one; where "
            "they fail at as many, nothing is compared at these places."
        )


def _failed(side: Side, targeted: bool, places: int) -> str:
    what = "never reached the target (or failed)" if targeted else "failed"
    told = f"{visible(side.name)} {what} in {side.num_failed} of {_seeds(side.num)}"
    return f"{told}, at one place of the grid or more." if places > 1 else f"{told}: these count as worst."


def _broken_off(case: Case) -> Iterator[str]:
    evidence, metric = case.evidence, case.evidence.claim.metric
    for name, side in ((evidence.claim.arm, evidence.arm), (evidence.claim.against, evidence.against)):
        runs = [run for runs in side.values() for run in runs]
        if metric == "diverged" and (num := sum(evidence.value(run) is None for run in runs)):
            yield (
                f"{visible(name)} broke off in {num} of {len(runs)} runs, and whether these would have "
                "diverged can't be told: their seeds are left out."
            )
        if metric == "reached" and (num := sum(run.has_failed for run in runs)):
            yield (
                f"{visible(name)} diverged or broke off in {num} of {len(runs)} runs: these count as not "
                "having reached the target."
            )


def _times(case: Case) -> Iterator[str]:
    metric, evidence = case.evidence.claim.metric, case.evidence
    if metric not in ("seconds", "samples_per_second"):
        return
    yield "Times are this machine's, and depend on what else ran on it: other jobs of this study, too."
    if metric == "seconds":
        both = [
            [run.last.epoch if run.last else 0 for run in side[seed]]
            for seed in case.paired.pairs
            for side in (evidence.arm, evidence.against)
        ]
        if num := sum(own != other for own, other in zip(both[::2], both[1::2], strict=True)):
            yield (
                f"In {num} of {_seeds(case.num)} the arms trained for different numbers of epochs: seconds "
                "are those of whole runs, not of equal work."
            )


def _seeds(num: int) -> str:
    return "1 seed" if num == 1 else f"{num} seeds"
