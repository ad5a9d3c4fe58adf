import math

import numpy as np
import pytest
from scipy import stats

from normlab.analysis.power import TTest, seeds_at_least, seeds_needed
from normlab.lab.study import Claim

LOWER = Claim(text="x", arm="new", metric="train_loss", direction="lower")
EQUAL = Claim(text="x", arm="new", metric="val_accuracy", direction="equal", margin=0.01)


# statsmodels 0.15, TTestPower().solve_power(effect_size, alpha=level, power=0.8)
@pytest.mark.parametrize(
    ("size", "level", "sides", "pairs"),
    [
        (0.5, 0.05, 2, 33.367),
        (0.2, 0.05, 2, 198.151),
        (1, 0.05, 2, 9.938),
        (0.8, 0.01, 2, 21.631),
        (0.5, 0.05, 1, 26.138),
    ],
)
def test_seeds_needed_are_those_of_a_paired_t_test(size, level, sides, pairs):
    assert seeds_needed([TTest((size,), level, sides)], 6) == math.ceil(pairs)


def test_its_chance_is_what_a_simulation_finds():
    d = np.random.default_rng(0).normal(0.7, 1, (40_000, 12))
    t = d.mean(1) / d.std(1, ddof=1) * math.sqrt(12)
    assert TTest((0.7,), 0.05, 2).chance(12) == pytest.approx((t > 2.200985).mean(), abs=0.008)


def test_what_no_ten_thousand_seeds_decide_needs_none():
    assert seeds_needed([TTest((0.02,), 0.05, 2)], 6) is None
    assert seeds_needed([TTest((0.0,), 0.05, 2)], 6) is None
    assert seeds_needed([], 6) is None


def test_the_nearer_decision_counts_and_both_sides_must_hold():
    support, refute = TTest((0.2,), 0.05, 2), TTest((0.5,), 0.05, 2)
    assert seeds_needed([support, refute], 6) == 34
    both = seeds_needed([TTest((0.5, 0.5), 0.05, 1)], 6)
    assert both > seeds_needed([TTest((0.5,), 0.05, 1)], 6)


def test_an_effect_without_spread_needs_the_fewest():
    assert seeds_needed([TTest((math.inf,), 0.05, 2)], 11) == 11


def test_many_claims_need_more_seeds_before_any_can_be_supported():
    assert [seeds_at_least([LOWER] * m) for m in (0, 1, 2, 5, 20)] == [6, 6, 7, 8, 10]
    assert seeds_at_least([LOWER], 0.025) == 7
    for m in range(1, 50):
        n = seeds_at_least([LOWER] * m)
        assert m * 2 / 2**n < 0.05


def test_equality_knows_no_smallest_p_so_it_needs_no_more_seeds():
    assert seeds_at_least([EQUAL] * 20) == 6
    assert seeds_at_least([LOWER, *[EQUAL] * 20]) == 6


@pytest.mark.parametrize(("lower", "equal"), [(1, 1), (1, 3), (2, 1), (2, 0), (4, 2)])
def test_with_the_fewest_seeds_all_claims_can_be_supported_and_with_one_less_none_of_lower(
    verdicts, lower, equal
):
    claims = [LOWER] * lower + [EQUAL] * equal
    for num in {6, fewest := seeds_at_least(claims)}:
        new = [{"train_loss": 0.5, "val_accuracy": 0.9}] * num
        old = [{"train_loss": 1.0, "val_accuracy": 0.9}] * num
        found = verdicts(new, old, *(claim.model_dump() for claim in claims))
        word = "supported" if num == fewest else "undecided"
        assert [v.verdict for v in found] == [word] * lower + ["supported"] * equal


@pytest.mark.parametrize("num", [6, 10, 1000])
def test_its_chance_is_that_of_scipy_s_noncentral_t(num):
    for size in (0.01, 0.3, 1.0, 30.0):
        limit = stats.t.isf(0.025 / 7, num - 1)
        chance = stats.nct.sf(limit, num - 1, size * math.sqrt(num))
        assert TTest((size,), 0.05 / 7, 2).chance(num) == pytest.approx(chance, abs=1e-12)


def test_an_enormous_effect_is_certain():
    assert TTest((1e12,), 0.05, 2).chance(6) == 1
