"""What a study's runs hold for one claim, before all claims are weighed together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

from normlab.analysis.pairs import Paired, mean_pair, pair
from normlab.analysis.scales import SMALLEST, better_of, inner, inner_margin, outer, scale_of, worst
from normlab.analysis.trial import Failed, Trial, Value, read
from normlab.analysis.verdict import Scale, Side
from normlab.lab.metrics import default_metric
from normlab.lab.presets import Preset
from normlab.lab.study import Claim

Trials = Mapping[str, Mapping[int, Trial]]
"""Runs by the name of their cell and by seed."""

RANKED = ("reached", "diverged", "epochs_to", "steps_to")
"""Metrics for which a run that failed is an answer, so no arm is too poor to be compared with."""


@dataclass(frozen=True)
class Evidence:
    """The runs of both arms of a claim, seed by seed."""

    claim: Claim
    arm: Mapping[int, Sequence[Trial]]
    """By seed the runs at every place of the grid that the claim is about."""
    against: Mapping[int, Sequence[Trial]]
    best_metric: str | None = None
    """The metric that picks the best epoch; none where arms differ in it."""

    @property
    def scale(self) -> Scale:
        """How values are compared."""
        return scale_of(self.claim.metric)

    @property
    def margin(self) -> float:
        """The claim's margin, on the scale that is computed on."""
        return inner_margin(self.claim.margin, self.claim.direction, self.scale)

    @property
    def sign(self) -> int:
        """1 where a larger value is what the claim says (of equality: what is better), else -1."""
        way = self.claim.direction
        return 1 if (better_of(self.claim.metric) if way == "equal" else way) == "higher" else -1

    @property
    def num_places(self) -> int:
        """Places of the grid that the claim is about."""
        return max((len(runs) for runs in self.arm.values()), default=1)

    def value(self, trial: Trial) -> Value | None:
        """Read what the claim is about."""
        target = next(iter(self.claim.target.items())) if self.claim.target else None
        return read(trial, self.claim.metric, self.claim.at, target)

    def paired(self) -> Paired:
        """Compare the arms in each seed that both have been run with."""
        pairs = {}
        for seed in sorted(self.arm.keys() & self.against.keys()):
            values = [
                (self.value(a), self.value(b))
                for a, b in zip(self.arm[seed], self.against[seed], strict=True)
            ]
            found = [pair(a, b, self.claim.metric) for a, b in values if a is not None and b is not None]
            if len(found) == len(values):
                pairs[seed] = mean_pair(found)
        return Paired(self.claim.metric, pairs, self.num_places)

    def wins(self, paired: Paired) -> int:
        """Count the pairs in which the arm lies where the claim says."""
        if self.claim.direction == "equal":
            return sum(abs(difference) < self.margin for difference in paired.differences)
        return sum(self.sign * difference > 0 for difference in paired.differences)

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Sum up both arms."""
        return self._side(self.claim.arm, self.arm), self._side(self.claim.against, self.against)

    def _side(self, name: str, trials: Mapping[int, Sequence[Trial]]) -> Side:
        values: dict[int, float | None] = {}
        for seed, runs in trials.items():
            found = [value for run in runs if (value := self.value(run)) is not None]
            if len(found) == len(runs):
                values[seed] = self._mean([v for v in found if not isinstance(v, Failed)], len(found))
        return Side(
            name=name,
            values=values,
            mean=_mean(list(values.values())),
            median=_median([worst(self.claim.metric) if v is None else v for v in values.values()]),
            num_failed=sum(value is None for value in values.values()),
        )

    def _mean(self, values: Sequence[float], num: int) -> float | None:
        if not values or len(values) < num:
            return None
        found = outer(sum(inner(value, self.scale) for value in values) / num, self.scale)
        return values[0] if num == 1 else found

    def is_floored(self) -> bool:
        """Tell whether a loss too small to tell from 0 is among the values."""
        runs = [run for side in (self.arm, self.against) for runs in side.values() for run in runs]
        values = [self.value(run) for run in runs]
        return self.scale == "ratio" and any(isinstance(v, float) and v < SMALLEST for v in values)

    def obstacle(self) -> str | None:
        """Say why nothing can be compared with the other arm."""
        runs = [run for runs in self.against.values() for run in runs]
        if self.claim.metric in RANKED or not runs:
            return None
        if 2 * (failed := sum(run.has_failed for run in runs)) > len(runs):
            return f"diverged or failed in {failed} of {len(runs)} runs"
        chance = sum(run.is_at_chance() for run in runs)
        if self.claim.metric.startswith("val_") and 2 * chance >= len(runs):
            return f"ended no better than guessing in {chance} of {len(runs)} runs"
        return None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def gather(preset: Preset, claim: Claim, trials: Trials, seeds: Iterable[int]) -> Evidence:
    """Collect the complete runs that a claim is about; a seed counts where each place has one."""
    seeds = list(seeds)

    def side(arm: str) -> dict[int, list[Trial]]:
        cells = [cell.name for cell in preset.cells if cell.arm == arm and claim.is_at(cell.point)]
        runs = {seed: [trials.get(name, {}).get(seed) for name in cells] for seed in seeds}
        return {
            seed: [run for run in found if run is not None]
            for seed, found in runs.items()
            if all(run is not None and run.is_complete for run in found)
        }

    return Evidence(claim, side(claim.arm), side(claim.against), _best_metric(preset, claim, trials))


def _best_metric(preset: Preset, claim: Claim, trials: Trials) -> str | None:
    cells = [cell for cell in preset.cells if cell.arm in (claim.arm, claim.against)]
    runs = [(cell, next(iter(trials.get(cell.name, {}).values()), None)) for cell in cells]
    found = {
        cell.experiment.training.best_metric or default_metric(run.best.metrics)
        for cell, run in runs
        if run and run.best
    }
    return found.pop() if len(found) == 1 else None


def _median(values: Sequence[float]) -> float | None:
    if not values:
        return None
    low, high = sorted(values)[(len(values) - 1) // 2], sorted(values)[len(values) // 2]
    return (low + high) / 2 if isfinite(low) and isfinite(high) else None
