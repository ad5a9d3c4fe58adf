"""Why a claim is undecided."""

from collections.abc import Sequence

from normlab.analysis.case import Case
from normlab.analysis.power import FEWEST, num_directed, seeds_at_least
from normlab.lab.study import Claim


def reason(case: Case, p_holm: float, claims: Sequence[Claim], is_extended: bool) -> str:
    """Say what an undecided claim lacks, the first obstacle first."""
    paired, metric = case.paired, case.evidence.claim.metric
    if not case.num:
        return "no seed has both runs to their end" if metric == "diverged" else f"{metric} was not measured"
    if case.p is None:
        return f"no fewer than {FEWEST} seeds can decide anything, and there {_are(case.num)}"
    if not paired.defined:
        if case.evidence.num_places > 1:
            return "in no seed have both arms a value at the same place of the grid"
        return "neither arm has a value in any seed"
    level = f", and each look is judged at {100 * case.level:g} %" if is_extended else ""
    if case.p < case.level <= p_holm:
        return f"p = {case.p:.2g} alone, but {p_holm:.2g} among {len(claims)} claims{level}"
    if not case.can_be_same and (case.is_equality or case.is_below_margin):
        return _failures(case)
    interval = f"the {100 * case.confidence:g} % interval"
    if case.is_equality:
        return f"{interval} is neither within the margin nor outside it"
    if not any(paired.differences):
        return "the two are the same in every seed"
    if case.num < (fewest := seeds_at_least(claims, case.level)):
        num = num_directed(claims)
        which = "" if num == len(claims) else " of lower or higher"
        told = "1 claim" if num == 1 else f"{num} claims"
        return f"with {told}{which}, no fewer than {fewest} seeds can support one{level}"
    if p_holm < case.level:
        if not case.side:
            return "ranks and median of the differences point to different sides"
        return f"p = {p_holm:.2g}, but {interval} reaches across no difference"
    if case.interval and (case.interval[0] > 0 or case.interval[1] < 0):
        return (
            f"{interval} lies on one side of no difference, but p = {p_holm:.2g} is not below {case.level:g}"
        )
    return f"the difference could be chance (p = {p_holm:.2g}){level}"


def _failures(case: Case) -> str:
    same = "equality" if case.is_equality else "a lack of effect"
    if num := case.paired.num_one_failed:
        what = "reached the target" if case.evidence.claim.target else "failed"
        seeds = "1 seed" if num == 1 else f"{num} seeds"
        return f"runs failed: in {seeds} only one arm {what}, so {same} can't be shown"
    return f"runs failed: only {len(case.paired.defined)} seeds have values of both, so {same} can't be shown"


def _are(num: int) -> str:
    return "is 1" if num == 1 else f"are {num}"
