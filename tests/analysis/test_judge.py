import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from normlab.analysis.judge import judge
from normlab.analysis.verdict import Verdict

NOISE = [0.03, -0.02, 0.05, 0.01, -0.04, 0.02, -0.01, 0.04, -0.03, 0.0]
"""Of logarithms: differences of ten seeds."""
LOSS = {"metric": "val_loss"}
EPOCHS = {"metric": "epochs_to", "target": {"val_accuracy": 0.9}}


def losses(ratio, noise=NOISE, base=1.0):
    return [{"val_loss": base * ratio * math.exp(x)} for x in noise]


def ones(num=10):
    return [{"val_loss": 1.0}] * num


# The verdict's words.


@pytest.mark.parametrize(
    ("ratio", "claim", "word"),
    [
        (0.7, {}, "supported"),
        (0.7, {"margin": 0.2}, "supported"),
        (0.7, {"margin": 0.31}, "supported in direction"),
        (1.4, {}, "refuted: reversed"),
        (1.4, {"margin": 0.2}, "refuted: reversed"),
        (1.0, {"margin": 0.2}, "refuted: no effect"),
        (1.0, {}, "undecided"),
        (1.4, {"direction": "higher", "margin": 0.39}, "supported"),
        (1.4, {"direction": "higher", "margin": 0.42}, "supported in direction"),
        (0.7, {"direction": "higher"}, "refuted: reversed"),
        (1.02, {"direction": "equal", "margin": 0.1}, "supported"),
        (1 / 1.02, {"direction": "equal", "margin": 0.1}, "supported"),
        (1.3, {"direction": "equal", "margin": 0.1}, "refuted: they differ"),
        (0.8, {"direction": "equal", "margin": 0.1}, "refuted: they differ"),
        (1.09, {"direction": "equal", "margin": 0.1}, "undecided"),
    ],
)
def test_the_first_verdict_that_fits(verdicts, ratio, claim, word):
    (verdict,) = verdicts(losses(ratio), ones(), LOSS | claim)
    assert verdict.verdict == word
    assert (verdict.reason is None) == (word != "undecided")
    assert (verdict.seeds_needed is None) == (word != "undecided")


def test_figures_of_a_claim_by_hand(verdicts):
    (verdict,) = verdicts(losses(0.7), ones(), LOSS)
    assert verdict.effect == pytest.approx(0.7 * math.exp(np.mean(NOISE)))
    ends = stats.ttest_1samp(np.log(0.7) + NOISE, 0).confidence_interval(0.95)
    assert verdict.interval == pytest.approx((math.exp(ends.low), math.exp(ends.high)))
    assert verdict.p == verdict.p_holm == 2 / 1024
    assert (verdict.num_pairs, verdict.wins, verdict.scale) == (10, 10, "ratio")
    assert verdict.d_z == pytest.approx((math.log(0.7) + np.mean(NOISE)) / np.std(NOISE, ddof=1))
    arm, against = verdict.sides
    assert arm.mean == pytest.approx(0.7 * np.mean(np.exp(NOISE)))
    assert arm.median == pytest.approx(0.7 * math.exp(0.005), rel=1e-4)
    assert (against.values, against.num_failed) == (dict.fromkeys(range(10), 1.0), 0)


def test_accuracies_are_compared_by_their_difference(verdicts):
    new = [{"val_accuracy": 0.95 + x / 10} for x in NOISE]
    claim = {"metric": "val_accuracy", "direction": "higher", "margin": 0.01}
    (verdict,) = verdicts(new, [{"val_accuracy": 0.93}] * 10, claim)
    assert (verdict.verdict, verdict.scale) == ("supported", "difference")
    assert verdict.effect == pytest.approx(0.02 + np.mean(NOISE) / 10)


def test_a_mean_that_is_the_margin_is_enough_whatever_its_last_digit(verdicts):
    new, old = [{"train_accuracy": 0.3}] * 10, [{"train_accuracy": 0.2}] * 10
    claim = {"metric": "train_accuracy", "direction": "higher", "margin": 0.1}
    assert 0.3 - 0.2 < 0.1
    assert verdicts(new, old, claim)[0].verdict == "supported"


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=9), st.sampled_from([0.0, 0.1, 0.5]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exchanging_the_arms_turns_a_claim_around(verdicts, noise, margin):
    num = len(noise)
    pairs = (losses(1, noise), ones(num)), (ones(num), losses(1, noise))
    (one,), (other,) = (
        verdicts(*pair, LOSS | {"direction": "equal", "margin": margin or 1.0}) for pair in pairs
    )
    assert one.verdict == other.verdict
    assert one.effect == pytest.approx(1 / other.effect)
    (one,), (other,) = (
        verdicts(*pair, LOSS | {"direction": way})
        for pair, way in zip(pairs, ("lower", "higher"), strict=True)
    )
    assert (one.verdict, one.p, one.wins) == (other.verdict, other.p, other.wins)


def test_a_reversal_needs_a_p_that_holm_has_adjusted(verdicts):
    new, claim = losses(1.4, NOISE[:6]), LOSS
    assert verdicts(new, ones(6), claim)[0].verdict == "refuted: reversed"
    others = [{"metric": "val_accuracy", "direction": "higher"}] * 4
    (found, *_) = verdicts(new, ones(6), claim, *others)
    assert (found.verdict, found.reason) == ("undecided", "p = 0.031 alone, but 0.16 among 5 claims")
    assert found.interval[0] > 1
    assert verdicts(new, ones(6), claim | {"margin": 0.1}, *others)[0].verdict == "refuted: no effect"


def test_test_and_interval_of_a_mean_may_differ_and_then_it_is_said(verdicts):
    one_seed = [-0.1] * 5 + [-1.0]
    supported, reversed_ = (
        verdicts(losses(1, noise), ones(6), LOSS)[0] for noise in (one_seed, [-x for x in one_seed])
    )
    assert supported.interval[0] < 1 < supported.interval[1]
    assert supported.verdict == "supported"
    assert any("few seeds make most of it" in caveat for caveat in supported.caveats)
    assert reversed_.reason == "p = 0.031, but the 95 % interval reaches across no difference"
    (verdict,) = verdicts(losses(1, [-0.3] * 5 + [0.01]), ones(6), LOSS)
    assert verdict.interval[1] < 1
    assert verdict.reason == (
        "the 95 % interval lies on one side of no difference, but p = 0.062 is not below 0.05"
    )


@pytest.mark.parametrize(("direction", "word"), [("lower", "refuted: no effect"), ("equal", "supported")])
def test_a_rare_collapse_would_not_have_been_seen(verdicts, direction, word):
    claim = LOSS | {"direction": direction, "margin": 0.1}
    for num, share in ((6, 39), (10, 26)):
        (verdict,) = verdicts(ones(num), ones(num), claim)
        assert verdict.verdict == word
        assert any(f"in fewer than {share} % of runs, {num} seeds" in caveat for caveat in verdict.caveats)
    assert not any("collapse" in caveat for caveat in verdicts(losses(0.5), ones(), LOSS)[0].caveats)


# What stands in the way of a verdict.


def test_nothing_is_judged_while_a_run_is_missing(verdicts):
    new = losses(0.7)
    for (verdict,) in (
        verdicts([*new[:9], None], ones(), LOSS),
        verdicts(new, ones(), LOSS, missing=1),
    ):
        assert (verdict.verdict, verdict.reason) == ("undecided", "1 of 20 runs is still to be made")
        assert verdict.p is verdict.p_holm is verdict.interval is verdict.seeds_needed is None
        assert verdict.d_z is verdict.wins is None, "a test could be computed from them"
        assert verdict.effect == pytest.approx(0.7, rel=0.05), "differences are shown"


def test_a_run_that_was_stopped_is_still_to_be_made(verdicts, trial):
    new = [trial(0, "interrupted", metrics={"val_loss": 0.1}), *losses(0.7)[1:]]
    (verdict,) = verdicts(new, ones(), LOSS)
    assert verdict.reason == "1 of 20 runs is still to be made"
    assert verdict.num_pairs == 9


@pytest.mark.parametrize("num", [1, 2, 5])
def test_below_six_seeds_nothing_is_decided(verdicts, num):
    (verdict,) = verdicts(losses(0.1, NOISE[:num]), ones(num), LOSS | {"margin": 0.1})
    assert verdict.verdict == "undecided"
    assert verdict.seeds_needed == 6
    assert verdict.p is None


def test_a_baseline_at_chance_is_not_comparable_but_for_training_metrics(verdicts):
    new = [{"val_accuracy": 0.9, "train_loss": 0.1 + x} for x in NOISE]
    old = [{"val_accuracy": 0.52, "train_loss": 0.7}] * 5 + [{"val_accuracy": 0.9, "train_loss": 0.7}] * 5
    accuracy, loss, reached, epochs = verdicts(
        new, old, {"metric": "val_accuracy", "direction": "higher"}, {"metric": "train_loss"},
        EPOCHS | {"metric": "reached", "direction": "higher"}, EPOCHS,
    )  # fmt: skip
    assert (accuracy.verdict, accuracy.reason) == (
        "not comparable",
        "ended no better than guessing in 5 of 10 runs",
    )
    assert loss.verdict == "supported"
    assert "not comparable" not in (reached.verdict, epochs.verdict)


def test_a_baseline_that_diverged_is_not_comparable_unless_that_is_the_metric(verdicts, trial):
    old = [trial(seed, "diverged") for seed in range(6)] + [{"train_loss": 0.7}] * 4
    loss, diverged = verdicts(
        [{"train_loss": 0.1}] * 10, old, {"metric": "train_loss"}, {"metric": "diverged"}
    )
    assert (loss.verdict, loss.reason) == ("not comparable", "diverged or failed in 6 of 10 runs")
    assert (diverged.verdict, diverged.effect) == ("undecided", -0.6)  # p = 2 / 2^6, and Holm doubles it


def test_a_run_is_at_chance_by_its_last_epoch(verdicts, trial):
    lucky = [trial(seed, metrics={"val_accuracy": [0.62, 0.5]}) for seed in range(10)]
    lucky = [trial(run.seed, metrics={"val_accuracy": [0.62, 0.5]}, best=run.points[0]) for run in lucky]
    claim = {"metric": "val_accuracy", "direction": "higher"}
    assert verdicts([{"val_accuracy": 0.9}] * 10, lucky, claim)[0].verdict == "not comparable"


def test_a_metric_that_was_not_measured_is_undecided(verdicts):
    (verdict,) = verdicts([{"train_loss": 1.0}] * 10, [{"train_loss": 1.0}] * 10, LOSS)
    assert (verdict.verdict, verdict.reason, verdict.num_pairs) == (
        "undecided",
        "val_loss was not measured",
        0,
    )
    assert verdict.seeds_needed is None


# Several claims, two looks.


def test_holm_counts_every_claim_of_the_study(verdicts):
    claims = [LOSS, *[{"metric": "val_accuracy", "direction": "higher"}] * 4]
    first, *_ = verdicts(losses(0.7, NOISE[:6]), ones(6), LOSS)
    assert first.verdict == "supported"
    first, *rest = verdicts(losses(0.7, NOISE[:6]), ones(6), *claims)
    assert (first.p, first.p_holm) == (2 / 64, 10 / 64)
    assert first.verdict == "undecided"
    assert first.reason == "p = 0.031 alone, but 0.16 among 5 claims"
    assert first.seeds_needed == 9, "an extension has half of the 5 %: 5 * 2 / 2^8 is above it"
    assert {other.verdict for other in rest} == {"undecided"}


def test_each_of_two_looks_has_half_of_the_5_percent(verdicts):
    noise = [0.1] * 6 + [-0.1]
    once, twice = (
        verdicts(losses(1, noise * 2), ones(14), LOSS | {"direction": "higher"}, looks=looks)[0]
        for looks in ((14,), (7, 14))
    )
    assert once.p == twice.p == pytest.approx(0.0129, abs=1e-4)
    assert (once.level, twice.level, twice.confidence) == (0.05, 0.025, 0.975)
    assert twice.interval[0] < once.interval[0]
    assert not any("look" in caveat for caveat in twice.caveats), "it holds for the whole study"
    p6 = verdicts(losses(0.7, NOISE[:6]), ones(6), LOSS, looks=(3, 6))[0]
    assert (p6.p, p6.verdict) == (2 / 64, "undecided"), "0.031 is above 0.025"


def test_an_undecided_claim_of_an_extended_study_names_the_level(verdicts):
    claims = [LOSS, *[{"metric": "val_accuracy", "direction": "higher"}] * 4]
    found, *_ = verdicts(losses(0.7, NOISE[:8]), ones(8), *claims, looks=(6, 8))
    assert found.reason == "p = 0.0078 alone, but 0.039 among 5 claims, and each look is judged at 2.5 %"
    found, *_ = verdicts(losses(1.0), ones(), LOSS, looks=(6, 10))
    assert found.reason == "the difference could be chance (p = 0.68), and each look is judged at 2.5 %"
    found, *_ = verdicts(
        losses(1.0, NOISE[:6]), ones(6), *claims[:2], LOSS | {"direction": "equal", "margin": 0.01}
    )
    assert found.reason == "with 2 claims of lower or higher, no fewer than 7 seeds can support one"


def test_the_last_look_takes_all_its_seeds_and_no_others(study, trial):
    preset = study(LOSS, seeds=6, first=40)
    runs = {
        name: {seed: trial(seed, metrics={"val_loss": loss}) for seed in range(30, 60)}
        for name, loss in (("new", 0.5), ("baseline", 1.0))
    }
    (verdict,) = judge(preset, runs, (6, 12))
    assert list(verdict.sides[0].values) == list(range(40, 52))


# Seeds needed.


def test_seeds_needed_grow_with_the_spread(verdicts):
    def needed(spread):
        new = [{"val_loss": math.exp(-0.1 + spread * x)} for x in (3, -2, 5, 1, -4, 2, -1, 4, -3, -5)]
        return verdicts(new, ones(), LOSS)[0].seeds_needed

    # statsmodels 0.15: TTestPower().solve_power(0.1 / 0.34960295, alpha=0.025, power=0.8) = 118.6
    assert 10 < needed(0.05) < needed(0.1) == 119 < needed(0.2)
    assert needed(3) is None


def test_an_extension_is_planned_at_half_the_level_and_a_fresh_study_at_the_whole(verdicts):
    new = losses(0.9, [0.0, -0.1, 0.0, -0.05, -0.02, -0.1, -0.05])
    claims = LOSS, LOSS | {"metric": "train_loss"}
    first, _ = verdicts(new[:6], ones(6), *claims)
    assert (first.p_holm, first.seeds_needed, first.is_extended) == (0.0625, 8, False)
    extended, _ = verdicts(new, ones(7), *claims, looks=(6, 7))
    assert (extended.p_holm, extended.is_extended) == (2 * 2 / 2**7, True)
    assert extended.seeds_needed == 7, "with two claims 7 seeds are enough at 5 %, and 8 at 2.5 %"


# JSON.


def test_a_verdict_survives_json_with_its_infinities(verdicts, trial, reaching):
    new = [trial(seed, "diverged") for seed in range(10)]
    found = verdicts(new, ones(), LOSS) + verdicts([reaching(0, 5)], [reaching(0, None)], EPOCHS)
    for verdict in found:
        line = verdict.model_dump_json()
        assert Verdict.model_validate_json(line).model_dump_json() == line
        told = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert {
            "event",
            "claim",
            "verdict",
            "effect",
            "interval",
            "p",
            "num_pairs",
            "seeds_needed",
        } <= told.keys()
        assert told["event"] == "verdict"
    assert json.loads(found[0].model_dump_json())["interval"] == ["inf", "inf"]
