import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from normlab.analysis.estimates import Mean, Median, Share, smallest_num

ARM = np.array([0.91, 0.93, 0.90, 0.95, 0.92, 0.94, 0.93, 0.91])
OTHER = np.array([0.92, 0.92, 0.91, 0.94, 0.93, 0.94, 0.92, 0.92])
DOC = Path(__file__).parent.parent.parent / "docs" / "STATISTICS.md"
NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=15)


def test_the_mean_s_interval_is_that_of_the_paired_t_test():
    found = stats.ttest_rel(ARM, OTHER).confidence_interval(0.95)
    assert Mean(ARM - OTHER).interval(0.95) == pytest.approx((found.low, found.high))
    # statsmodels 0.15, DescrStatsW(ARM - OTHER).tconfint_mean(0.05)
    assert Mean(ARM - OTHER).interval(0.95) == pytest.approx((-0.009535228246828, 0.007035228246828))


def test_equivalence_of_means_is_that_of_two_one_sided_t_tests():
    # statsmodels 0.15, ttost_paired(ARM, OTHER, -0.01, 0.01)
    assert Mean(ARM - OTHER).p_within(0.01) == pytest.approx(0.020578114244601625)
    upper = stats.ttest_1samp(ARM - OTHER, 0.01, alternative="less").pvalue
    assert Mean(ARM - OTHER).p_below(0.01) == pytest.approx(upper)


@pytest.mark.parametrize("kind", [Mean, Share, Median])
@given(st.lists(st.integers(-4, 4), min_size=6, max_size=15), st.floats(0.02, 1.5))
def test_equivalence_is_seen_where_the_90_percent_interval_lies_within_the_margin(kind, values, margin):
    estimate = kind([value / 4 for value in values])
    low, high = estimate.interval(0.90)
    if min(abs(abs(low) - margin), abs(abs(high) - margin)) > 1e-9 and high < 1 > -low:
        assert (estimate.p_within(margin) < 0.05) == (-margin < low and high < margin)


def test_equal_differences_have_an_interval_without_width():
    assert Mean([0.25] * 8).interval(0.95) == (0.25, 0.25)
    assert Mean([0.3 - 0.2, 0.2 - 0.1] * 3).spread == 0
    assert Mean([0.25] * 8).p_within(0.3) == 0
    assert Mean([0.25] * 8).p_within(0.2) == 1


def test_shares_that_agree_in_every_seed_are_not_known_exactly():
    low, high = Share([0] * 10).interval(0.95)
    assert (low, high) == (-high, pytest.approx(stats.binomtest(0, 10).proportion_ci(0.95).high))
    low, high = Share([-1] + [0] * 9).interval(0.95)
    assert high == pytest.approx(-1 / 12 + stats.t.isf(0.025, 9) * math.sqrt(1 / 6 - 1 / 144) / math.sqrt(12))
    assert Share([1] * 10).interval(0.95)[1] == 1
    assert Share([1] * 10).interval(0.95)[0] > 0.5
    assert Share([1] * 10).center == 1


def test_over_a_grid_a_run_moves_its_seed_s_share_by_one_place():
    low, high = Share([1 / 9] * 10, 9).interval(0.95)
    assert 0 < low < 1 / 9 < high < 0.25
    assert Share([1 / 9] * 10).interval(0.95)[0] < 0, "as if the seed had a single run"
    assert Share([0] * 10, 9).interval(0.95)[1] == pytest.approx(stats.binomtest(0, 90).proportion_ci().high)
    assert Share([0] * 10, 9).p_within(0.1) < 0.001
    # A seed in twenty fails at all places: 1 - 0.95^10 = 40 % of ten seeds show one, and then it is covered.
    assert Share([0] * 10, 9).interval(0.95)[1] < 0.05
    low, high = Share([1] + [0] * 9, 9).interval(0.95)
    assert low < 0.05 < high


@pytest.mark.parametrize(("n", "margin"), [(6, 0.4), (10, 0.26), (10, 0.3), (10, 0.4), (20, 0.2), (20, 0.3)])
def test_shares_that_differ_by_the_margin_are_rarely_found_equal(n, margin):
    equal = [
        (a, b)
        for a in range(n + 1)
        for b in range(n + 1 - a)
        if Share([1] * a + [-1] * b + [0] * (n - a - b)).p_within(margin) < 0.05
    ]
    assert (0, 0) in equal
    for less in np.linspace(0, (1 - margin) / 2, 20):
        each = [margin + less, less, max(1 - margin - 2 * less, 0.0)]
        wrong = sum(stats.multinomial.pmf([a, b, n - a - b], n, each) for a, b in equal)
        assert wrong < 0.07, "docs/STATISTICS.md says so"


def test_the_docs_say_what_margin_seeds_that_agree_can_carry():
    rows = re.findall(r"^\| (\d+) \| (0\.\d+) \| (0\.\d+) \|$", DOC.read_text(), re.MULTILINE)
    assert [int(n) for n, *_ in rows] == [6, 10, 20, 30]
    for n, *margins in rows:
        for margin, level in zip(map(float, margins), (0.05, 0.05 / 4), strict=True):
            tied = Share([0] * int(n))
            assert tied.p_within(margin) < level < tied.p_within(margin - 0.01)


def test_the_median_s_interval_is_scipy_s_exact_one():
    values = np.random.default_rng(0).normal(size=20)
    found = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    assert Median(values).interval(0.95) == (found.low, found.high)
    assert Median(values).center == np.median(values)


def test_of_ten_the_second_and_the_ninth_enclose_the_median_in_98_percent():
    assert Median(range(1, 11)).interval(0.95) == (2, 9)
    assert 1 - 2 * stats.binom.cdf(1, 10, 0.5) == pytest.approx(0.979, abs=5e-4)


def test_below_six_the_median_has_no_interval_at_95_percent():
    assert Median(range(5)).interval(0.95) is None
    assert Median(range(6)).interval(0.95) == (0, 5)
    assert Median(range(6)).interval(0.975) is None


def test_an_infinite_difference_moves_only_an_end_of_the_median_s_interval():
    values = [1.0, 2, 3, 4, 5, 6, 7, 8, math.inf, math.inf]
    assert Median(values).center == 5.5
    assert Median(values).interval(0.95) == (2, math.inf)
    assert math.isnan(Median([-math.inf, math.inf]).center), "there is no middle"
    assert Median([math.inf] * 6).center == math.inf


def test_the_values_given_are_left_in_their_order():
    values = np.array([3.0, 1.0, 2.0])
    Median(values)
    assert values.tolist() == [3, 1, 2]


@given(NUMBERS)
def test_more_confidence_never_narrows_an_interval(values):
    for kind in (Mean, Median):
        inner, outer = kind(values).interval(0.9), kind(values).interval(0.95)
        assert outer[0] <= inner[0] <= inner[1] <= outer[1]


def test_the_fewest_pairs_for_a_level():
    for level in (0.05, 0.025, 0.01, 0.05 / 7, 2**-6, 1e-9):
        n = smallest_num(level)
        assert 2 / 2**n < level <= 2 / 2 ** (n - 1)
