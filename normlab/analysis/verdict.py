"""The verdict on a claim: what the runs say of it, and all that the sentence about it needs."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from normlab.core.choice import Record
from normlab.engine.events import Number

Word = Literal[
    "supported",
    "supported in direction",
    "refuted: reversed",
    "refuted: no effect",
    "refuted: they differ",
    "undecided",
    "not comparable",
]
Scale = Literal["ratio", "difference"]
"""How two values are compared: arm / against, on the log scale, or arm - against."""
Bound = Literal[">=", "<="]
"""What is known of an effect that can't be told, as runs ended before they reached the target."""
Interval = tuple[Number, Number]
"""Both ends of an interval; one at "inf" or "-inf" is open."""


class Side(Record, frozen=True):
    """One arm of a claim: its value for each seed, and what they come to."""

    model_config = ConfigDict(allow_inf_nan=True)

    name: str
    """The arm."""
    values: dict[int, Number | None]
    """By seed; none where the run failed, or never reached the target. Over several places of a grid, their
    mean (for ratios the geometric one)."""
    mean: Number | None
    """Mean over the seeds, as it stands in tables; none where a run failed."""
    median: Number | None
    """Median over the seeds, a failed run as the worst; none where that is what stands in the middle."""
    num_failed: int
    """Seeds in which a run failed, or never reached the target; on a grid at one place or more."""

    @property
    def num(self) -> int:
        """Seeds with an answer: a run that broke off doesn't say whether it would have diverged."""
        return len(self.values)


class Verdict(Record, frozen=True):
    """What a study's runs say of one of its claims.

    An effect is always that of the arm against the other one, in the metric's own orientation: a val_loss
    ratio of 0.7 is 30 % lower, an accuracy difference of 0.02 two points higher.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    event: Literal["verdict"] = "verdict"
    claim: str
    """The claim, as a sentence."""
    arm: str
    against: str
    metric: str
    at: Literal["best", "last"]
    best_metric: str | None = None
    """The metric that picked the best epoch; none where arms differ in it."""
    target: dict[str, Number] | None
    where: dict[str, Any] = Field(default_factory=dict[str, Any])
    direction: Literal["lower", "higher", "equal"]
    margin: Number
    """Smallest difference that matters: for ratios a share, else a difference."""
    verdict: Word
    reason: str | None = None
    """Why it is undecided, or not comparable."""
    scale: Scale
    effect: Number | None = None
    """The mean of the paired differences, for ratios the geometric one; where a run failed, their median.
    None without a pair, and where the median lies between pairs that one arm failed in and pairs that the
    other did."""
    effect_bound: Bound | None = None
    """Where the effect is only known to lie beyond that number."""
    interval: Interval | None = None
    """Where the effect lies, in the same unit; none where there are too few pairs."""
    level: Number
    """The share of cases in which a test may err: 0.05, and half of it with two looks."""
    confidence: Number
    """Of the interval: 1 - level, or 1 - 2 level where the claim is that two arms are equal."""
    p: Number | None = None
    """Of the exact sign-flip test, two-sided; for equality, of two one-sided tests."""
    p_holm: Number | None = None
    """Adjusted for all claims of the study."""
    num_pairs: int
    """Seeds with both runs."""
    num_places: int = 1
    """Places of the grid that each seed's value is the mean over."""
    wins: int | None = None
    """Pairs in which the arm lies where the claim says; for equality, nearer than the margin. None while runs
    are still to be made: a test could be computed from it."""
    d_z: Number | None = None
    """Mean of the paired differences over their standard deviation; none where that is 0, a run failed, or
    runs are still to be made."""
    sides: tuple[Side, Side]
    """The arm, and what it is compared with."""
    seeds_needed: int | None = None
    """Seeds that would decide it in four of five cases, were effect and spread those seen: of the study
    extended, or of a fresh one where it has been. None where it is decided, or not even 10,000 would do."""
    is_extended: bool = False
    """Whether this is the second look, after which there is no other."""
    caveats: tuple[str, ...] = ()
    """What to keep in mind."""

    @property
    def effect_is_bound(self) -> bool:
        """Whether the effect is only known to lie beyond a number."""
        return self.effect_bound is not None
