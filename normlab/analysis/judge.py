"""Verdicts on a study's claims; docs/STATISTICS.md tells the method."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from normlab.analysis.case import Case
from normlab.analysis.caveats import caveats
from normlab.analysis.evidence import Trials, gather
from normlab.analysis.holm import holm, holm_level
from normlab.analysis.power import FEWEST, seeds_at_least
from normlab.analysis.reasons import reason
from normlab.analysis.scales import outer
from normlab.analysis.verdict import Verdict, Word
from normlab.lab.presets import Preset
from normlab.lab.study import Claim

ALPHA = 0.05
"""The share of studies in which a claim without substance may come out as supported."""


def judge(preset: Preset, trials: Trials, looks: Sequence[int], missing: int = 0) -> list[Verdict]:
    """Weigh a study's claims by its runs; a verdict for each, in their order.

    `looks` has the number of seeds at each look: (10,), or (10, 20) where the study was extended. With two
    looks each has half of the 5 %, and this is the verdict at the last one, on all seeds. Where the
    extension was planned, a claim without substance comes out as supported in at most 5 % of studies; where
    it was not, the first look was judged at 5 %, and it is up to 7.5 %.

    `missing` runs are still to be made: while one is, every claim is undecided, and nothing is tested.
    """
    first = preset.experiment.seed
    seeds = range(first, first + looks[-1])
    found = [trials.get(cell.name, {}).get(seed) for cell in preset.cells for seed in seeds]
    missing = max(missing, sum(trial is None or not trial.is_complete for trial in found))
    cases = [Case(gather(preset, claim, trials, seeds), ALPHA / len(looks)) for claim in preset.claims]
    p = [1.0 if missing or case.p is None else case.p for case in cases]
    bench = _Bench(preset.claims, looks, p, holm(p), missing, len(found))
    return [bench.verdict(case, place) for place, case in enumerate(cases)]


@dataclass(frozen=True)
class _Bench:
    """What all claims of a study share when they are judged."""

    claims: Sequence[Claim]
    looks: Sequence[int]
    p: Sequence[float]
    adjusted: Sequence[float]
    missing: int
    planned: int

    def verdict(self, case: Case, place: int) -> Verdict:
        claim, scale = case.evidence.claim, case.evidence.scale
        word: Word = "undecided" if self.missing else case.word(self.adjusted[place])
        undecided, shown = word == "undecided", not self.missing
        effect, bound = case.paired.effect() or (None, None)
        return Verdict(
            claim=claim.text,
            arm=claim.arm,
            against=claim.against,
            metric=claim.metric,
            at=claim.at,
            best_metric=case.evidence.best_metric,
            target={**claim.target} if claim.target else None,
            where=claim.where,
            direction=claim.direction,
            margin=claim.margin,
            verdict=word,
            reason=self._reason(case, place) if undecided else case.obstacle,
            scale=scale,
            effect=None if effect is None else outer(effect, scale),
            effect_bound=bound,
            interval=(outer(case.interval[0], scale), outer(case.interval[1], scale))
            if case.interval and shown
            else None,
            level=case.level,
            confidence=case.confidence,
            p=case.p if shown else None,
            p_holm=self.adjusted[place] if shown and case.p is not None else None,
            num_pairs=case.num,
            num_places=case.evidence.num_places,
            wins=case.evidence.wins(case.paired) if shown else None,
            d_z=case.paired.d_z() if shown else None,
            sides=case.evidence.sides,
            seeds_needed=self._seeds_needed(case, place) if undecided and shown else None,
            is_extended=len(self.looks) > 1,
            caveats=tuple(caveats(case, word, len(self.p))),
        )

    def _seeds_needed(self, case: Case, place: int) -> int | None:
        if not case.num:
            return None
        # What comes next is an extension, judged at half the level; before six seeds the first look, after an
        # extension a fresh study.
        extends, sees = len(self.looks) == 1, self.looks[-1] >= FEWEST
        level = ALPHA / 2 if extends and sees else ALPHA
        at_least = case.num + 1 if extends else 0
        if case.p is None:  # with so few pairs the claims have no order yet
            needed = case.seeds_needed(level / len(self.p), level, at_least)
            needed = needed or seeds_at_least(self.claims, level)
        else:
            needed = case.seeds_needed(holm_level(self.p, place, level), level, at_least)
        # Of the new seeds as many would be without an answer.
        return ceil(needed * self.looks[-1] / case.num) if needed else None

    def _reason(self, case: Case, place: int) -> str:
        if self.missing:
            verb = "is" if self.missing == 1 else "are"
            return f"{self.missing} of {self.planned} runs {verb} still to be made"
        return reason(case, self.adjusted[place], self.claims, len(self.looks) > 1)
