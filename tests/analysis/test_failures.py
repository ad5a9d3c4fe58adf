"""Verdicts on runs that failed, broke off, or never reached their target."""

import math

import pytest
from scipy import stats

NOISE = [0.03, -0.02, 0.05, 0.01, -0.04, 0.02, -0.01, 0.04, -0.03, 0.0]
LOSS = {"metric": "val_loss"}
EQUAL = LOSS | {"direction": "equal", "margin": 0.1}
EPOCHS = {"metric": "epochs_to", "target": {"val_accuracy": 0.9}}
REACHED = EPOCHS | {"metric": "reached", "direction": "higher"}


def losses(ratio, noise=NOISE):
    return [{"val_loss": ratio * math.exp(x)} for x in noise]


def ones(num=10):
    return [{"val_loss": 1.0}] * num


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
    plain, margin = verdicts(all_reach, all_reach, REACHED, REACHED | {"margin": 0.1})
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


# Equality, and no effect.


@pytest.mark.parametrize(("failing", "num"), [(1, 10), (5, 20)])
def test_an_arm_that_fails_now_and_then_is_not_equal(verdicts, trial, failing, num):
    new = [trial(seed, "diverged") for seed in range(failing)] + ones(num - failing)
    for pair in ((new, ones(num)), (ones(num), new)):
        equal, higher = verdicts(*pair, EQUAL, LOSS | {"direction": "higher", "margin": 0.1})
        seeds = f"runs failed: in {failing} seed{'s' * (failing > 1)} only one arm failed"
        assert (equal.verdict, equal.reason) == ("undecided", f"{seeds}, so equality can't be shown")
        assert (equal.p, equal.seeds_needed) == (1, None)
        assert (higher.verdict, higher.reason) == (
            "undecided",
            f"{seeds}, so a lack of effect can't be shown",
        )


def test_never_reaching_a_target_is_no_equality_either(verdicts, reaching):
    new = [reaching(seed, 5 if seed else None) for seed in range(20)]
    old = [reaching(seed, 5) for seed in range(20)]
    (verdict,) = verdicts(new, old, EPOCHS | {"direction": "equal", "margin": 0.1})
    assert (
        verdict.reason == "runs failed: in 1 seed only one arm reached the target, so equality can't be shown"
    )


def test_five_seeds_with_values_show_no_equality(verdicts, trial):
    new = [trial(seed, "diverged") for seed in range(5)] + ones(5)
    equal, lower = verdicts(new, new, EQUAL, LOSS | {"margin": 0.1})
    assert equal.reason == "runs failed: only 5 seeds have values of both, so equality can't be shown"
    assert (equal.verdict, lower.verdict) == ("undecided", "undecided")


def test_an_arm_that_mostly_fails_differs(verdicts, trial):
    new = [trial(seed, "diverged") for seed in range(9)] + ones(1)
    assert verdicts(new, ones(), EQUAL)[0].verdict == "refuted: they differ"


# Ranks and the median's interval.


def test_where_runs_failed_support_needs_the_median_s_interval_too(verdicts, trial):
    # Ranks: 8 and 7 against 1 to 6 with the failed pair on the claim's side, and small ones on the other.
    new = [*losses(0.5, [0.0] * 7), {"val_loss": 1.01}, {"val_loss": 1.02}, {"val_loss": 1.0}]
    old = [trial(0, "diverged"), *ones(9)]
    (verdict,) = verdicts(new, old, LOSS)
    assert verdict.p < 0.05
    assert verdict.interval[1] > 1
    assert verdict.reason == f"p = {verdict.p:.2g}, but the 95 % interval reaches across no difference"


def test_a_middle_between_failures_of_either_arm_is_no_effect_that_is_known(verdicts, reaching):
    new = [reaching(seed, 10 if seed % 2 else None) for seed in range(10)]
    old = [reaching(seed, None if seed % 2 else 10) for seed in range(10)]
    (verdict,) = verdicts(new, old, EPOCHS)
    assert (verdict.effect, verdict.interval, verdict.verdict) == (None, (0, math.inf), "undecided")


# Runs that broke off.


def test_a_run_that_broke_off_does_not_say_whether_it_would_have_diverged(verdicts, trial):
    diverged = [trial(seed, "diverged") for seed in range(10)]
    fine, oom = ([trial(seed, outcome) for seed in range(10)] for outcome in ("completed", "oom"))
    claim = {"metric": "diverged"}
    (verdict,) = verdicts(diverged, oom, claim)
    assert (verdict.verdict, verdict.num_pairs) == ("undecided", 0)
    assert verdict.reason == "no seed has both runs to their end"
    (verdict,) = verdicts(fine, oom[:2] + diverged[2:], claim)
    assert (verdict.verdict, verdict.num_pairs, verdict.wins) == ("supported", 8, 8)
    assert (verdict.sides[1].num, verdict.sides[1].num_failed) == (8, 0)
    assert any("baseline broke off in 2 of 10 runs" in caveat for caveat in verdict.caveats)
    (verdict,) = verdicts(fine, oom[:6] + diverged[6:], claim)
    assert verdict.seeds_needed >= 15, "four of ten seeds have an answer"


def test_a_run_that_failed_has_not_reached_and_the_caveats_say_so(verdicts, trial, reaching):
    new, old = [reaching(seed, 5) for seed in range(10)], [trial(seed, "failed") for seed in range(10)]
    (verdict,) = verdicts(new, old, REACHED)
    assert (verdict.verdict, verdict.num_pairs) == ("supported", 10)
    assert any("baseline diverged or broke off in 10 of 10 runs" in caveat for caveat in verdict.caveats)


def test_d_z_of_shares_is_that_of_the_runs(verdicts, reaching):
    new, old = [reaching(s, 5) for s in range(10)], [reaching(s, None if s < 8 else 5) for s in range(10)]
    (verdict,) = verdicts(new, old, REACHED)
    assert verdict.d_z == pytest.approx(0.8 / math.sqrt(10 * 0.8 * 0.2 / 9))
    assert verdicts(new, [reaching(s, None) for s in range(10)], REACHED)[0].d_z is None


def test_seconds_of_arms_that_stopped_at_different_epochs_are_no_equal_work(verdicts, trial):
    new = [trial(seed, metrics={"val_loss": [0.5] * (3 if seed < 4 else 5)}) for seed in range(10)]
    old = [trial(seed, metrics={"val_loss": [0.5] * 5}) for seed in range(10)]
    (verdict,) = verdicts(new, old, {"metric": "seconds"})
    assert any(
        "In 4 of 10 seeds the arms trained for different numbers of epochs" in c for c in verdict.caveats
    )
    assert not any("epochs" in caveat for caveat in verdicts(old, old, {"metric": "seconds"})[0].caveats)
