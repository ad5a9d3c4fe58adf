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
    assert arm.mean == pytest.approx(0.7 * math.exp(np.mean(NOISE)))
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


# What stands in the way of a verdict.


def test_nothing_is_judged_while_a_run_is_missing(verdicts):
    new = losses(0.7)
    for (verdict,) in (
        verdicts([*new[:9], None], ones(), LOSS),
        verdicts(new, ones(), LOSS, missing=1),
    ):
        assert (verdict.verdict, verdict.reason) == ("undecided", "1 of 20 runs is still to be made")
        assert verdict.p is verdict.p_holm is verdict.interval is verdict.seeds_needed is None
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
        "did no better than guessing in 5 of 10 runs",
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


def test_a_metric_that_was_not_measured_is_undecided(verdicts):
    (verdict,) = verdicts([{"train_loss": 1.0}] * 10, [{"train_loss": 1.0}] * 10, LOSS)
    assert (verdict.verdict, verdict.reason, verdict.num_pairs) == (
        "undecided",
        "val_loss was not measured",
        0,
    )
    assert verdict.seeds_needed is None


# Failures and censoring.


def test_a_diverged_run_is_the_worst_and_never_dropped(verdicts, trial):
    new = [trial(0, "diverged", metrics={"val_loss": 0.01}), *losses(0.7)[1:]]
    (verdict,) = verdicts(new, ones(), LOSS)
    assert (verdict.num_pairs, verdict.wins, verdict.sides[0].num_failed) == (10, 9, 1)
    assert verdict.sides[0].values[0] is None
    # Signed ranks: 10 against it, 1 to 9 for it.
    assert verdict.p == pytest.approx(stats.wilcoxon([10, *range(-9, 0)], method="exact").pvalue)
    assert verdict.verdict == "undecided"
    assert verdict.interval == pytest.approx(
        tuple(sorted([0.7 * math.exp(x) for x in NOISE[1:]])[k] for k in (1, 8)), rel=1e-9
    )
    assert verdict.d_z is verdict.sides[0].mean is None
    assert any("count as worst" in caveat for caveat in verdict.caveats)


def test_an_arm_that_always_fails_is_refuted(verdicts, trial):
    (verdict,) = verdicts([trial(seed, "diverged") for seed in range(10)], ones(), LOSS)
    assert verdict.verdict == "refuted: reversed"
    assert (verdict.effect, verdict.interval) == (math.inf, (math.inf, math.inf))


def test_failing_together_is_a_tie(verdicts, reaching):
    new = [reaching(seed, 5 if seed < 6 else None) for seed in range(10)]
    old = [reaching(seed, 10 if seed < 6 else None) for seed in range(10)]
    (verdict,) = verdicts(new, old, EPOCHS)
    assert verdict.p == 2 / 2**6
    assert (verdict.effect, verdict.wins, verdict.num_pairs) == (pytest.approx(0.5), 6, 10)
    assert verdict.interval == pytest.approx((0.5, 0.5))  # over the six where there is a ratio
    assert any("both failed" in caveat for caveat in verdict.caveats)


def test_a_middle_pair_that_is_censored_gives_a_bound(verdicts, reaching):
    new = [reaching(seed, 5) for seed in range(10)]
    old = [reaching(seed, 10 if seed < 4 else None) for seed in range(10)]
    lower, higher = verdicts(new, old, EPOCHS, EPOCHS | {"direction": "higher"})
    assert (lower.effect, lower.effect_bound, lower.effect_is_bound) == (pytest.approx(5 / 20), "<=", True)
    assert lower.verdict == "supported"
    assert lower.interval[0] == 0
    assert lower.sides[1].median is None
    assert higher.verdict == "refuted: reversed"
    (turned,) = verdicts(old, new, EPOCHS)
    assert (turned.effect, turned.effect_bound) == (pytest.approx(20 / 5), ">=")


def test_one_censored_pair_leaves_the_median_exact(verdicts, reaching):
    new = [reaching(seed, 5) for seed in range(10)]
    old = [reaching(seed, 10 if seed else None) for seed in range(10)]
    (verdict,) = verdicts(new, old, EPOCHS)
    assert (verdict.effect, verdict.effect_bound) == (pytest.approx(0.5), None)


def test_a_run_that_gave_up_early_does_not_flatter_the_other(verdicts, reaching):
    # It ended after 20 epochs, the other needed 25: the ratio's bound would be on the wrong side of 1.
    (verdict,) = verdicts(
        [reaching(s, None) for s in range(10)], [reaching(s, 25) for s in range(10)], EPOCHS
    )
    assert (verdict.effect, verdict.effect_bound, verdict.verdict) == (math.inf, None, "refuted: reversed")


def test_where_nobody_reaches_nothing_is_decided(verdicts, reaching):
    never = [reaching(seed, None) for seed in range(10)]
    (verdict,) = verdicts(never, never, EPOCHS | {"margin": 0.1})
    assert (verdict.verdict, verdict.effect, verdict.p) == ("undecided", None, 1)
    assert verdict.reason == "neither arm has a value in any seed"


def test_a_loss_of_zero_is_floored_and_the_caveats_say_so(verdicts):
    (verdict,) = verdicts([{"val_loss": 0.0}] * 10, ones(), LOSS)
    assert verdict.effect == pytest.approx(1e-7)
    assert any("1e-07" in caveat for caveat in verdict.caveats)


# Shares of runs.


def test_arms_that_all_reach_are_not_shown_to_be_equal(verdicts, reaching):
    all_reach = [reaching(seed, 5) for seed in range(10)]
    claim = EPOCHS | {"metric": "reached", "direction": "higher"}
    plain, margin = verdicts(all_reach, all_reach, claim, claim | {"margin": 0.1})
    assert (plain.verdict, plain.effect, plain.reason) == (
        "undecided",
        0,
        "the two are the same in every seed",
    )
    assert plain.interval[0] < -0.1 < 0.1 < plain.interval[1]
    assert margin.verdict == "undecided"
    assert margin.seeds_needed > 20


def test_equal_values_in_every_seed_are_an_interval_without_width(verdicts):
    plain, margin = verdicts(ones(), ones(), LOSS, LOSS | {"margin": 0.1})
    assert (plain.verdict, plain.interval, plain.d_z) == ("undecided", (1, 1), None)
    assert margin.verdict == "refuted: no effect"


# Several claims, two looks.


def test_holm_counts_every_claim_of_the_study(verdicts):
    claims = [LOSS, *[{"metric": "val_accuracy", "direction": "higher"}] * 4]
    first, *_ = verdicts(losses(0.7, NOISE[:6]), ones(6), LOSS)
    assert first.verdict == "supported"
    first, *rest = verdicts(losses(0.7, NOISE[:6]), ones(6), *claims)
    assert (first.p, first.p_holm) == (2 / 64, 10 / 64)
    assert first.verdict == "undecided"
    assert first.reason == "p = 0.031 alone, but 0.16 among 5 claims"
    assert first.seeds_needed == 8
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
    assert any("7.5 %" in caveat for caveat in twice.caveats)
    p6 = verdicts(losses(0.7, NOISE[:6]), ones(6), LOSS, looks=(3, 6))[0]
    assert (p6.p, p6.verdict) == (2 / 64, "undecided"), "0.031 is above 0.025"


def test_the_last_look_takes_all_its_seeds_and_no_others(study, trial):
    preset = study(LOSS, seeds=6, first=40)
    runs = {
        name: {seed: trial(seed, metrics={"val_loss": loss}) for seed in range(30, 60)}
        for name, loss in (("new", 0.5), ("baseline", 1.0))
    }
    (verdict,) = judge(preset, runs, (6, 12))
    assert list(verdict.sides[0].values) == list(range(40, 52))


# The grid.

GRID = {"training.batch_size": [8, 32]}


def on_grid(trial, new, old):
    """Give runs of both arms, each a list of metrics (or an outcome) over the grid's places."""
    places = ("batch_size = 8", "batch_size = 32")
    return {
        f"{arm} · {place}": {
            seed: trial(seed, value)
            if isinstance(value, str)
            else trial(seed, metrics={"val_loss": value * math.exp(x)})
            for seed, x in enumerate(NOISE)
        }
        for arm, side in (("new", new), ("baseline", old))
        for place, value in zip(places, side, strict=True)
    }


def test_a_claim_is_about_its_place_of_the_grid_or_the_mean_over_all(study, trial):
    claims = LOSS | {"where": {"training.batch_size": 8}}, LOSS | {"where": {"training.batch_size": 32}}, LOSS
    preset = study(*claims, grid=GRID)
    first, second, both = judge(preset, on_grid(trial, (0.5, 2.0), (1.0, 1.0)), (10,))
    assert (first.effect, second.effect, both.effect) == pytest.approx((0.5, 2.0, 1.0))
    assert (first.num_pairs, both.num_pairs) == (10, 10)
    assert both.sides[0].values[9] == pytest.approx(1.0)
    assert any("2 places" in caveat for caveat in both.caveats)


def test_over_the_grid_the_arm_that_fails_at_more_places_is_the_worse(study, trial):
    preset = study(LOSS, grid=GRID)
    (verdict,) = judge(preset, on_grid(trial, (0.5, 1.0), (0.4, "diverged")), (10,))
    assert (verdict.verdict, verdict.effect) == ("supported", 0.0)
    (verdict,) = judge(preset, on_grid(trial, (0.5, "diverged"), (1.0, "diverged")), (10,))
    assert verdict.effect == pytest.approx(0.5), "where both fail the rest counts"


# Seeds needed.


def test_seeds_needed_grow_with_the_spread(verdicts):
    def needed(spread):
        new = [{"val_loss": math.exp(-0.1 + spread * x)} for x in (3, -2, 5, 1, -4, 2, -1, 4, -3, -5)]
        return verdicts(new, ones(), LOSS)[0].seeds_needed

    # statsmodels 0.15: TTestPower().solve_power(0.1 / 0.34960295, alpha=0.05, power=0.8) = 97.89
    assert 10 < needed(0.05) < needed(0.1) == 98 < needed(0.2)
    assert needed(3) is None


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
