import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from normlab.analysis import sign_flip
from normlab.analysis.sign_flip import sign_flip_p, signed_midranks

DIFFERENCES = np.array([0.6, -0.1, 1.4, 0.3, 0.9, -0.5, 0.2, 0.8])


def by_hand(d):
    sums = [
        sum(s * x for s, x in zip(signs, d, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(d))
    ]
    return sum(abs(total) >= abs(sum(d)) - 1e-9 for total in sums) / len(sums)


def test_three_differences_by_hand():
    # |1+2+3| = 6 is reached by all plus and all minus only; |1+2-3| = 0 by every one.
    assert sign_flip_p([1, 2, 3]) == 2 / 8
    assert sign_flip_p([1, 2, -3]) == 1
    assert sign_flip_p([1, -2, 3]) == 6 / 8  # 2, 4, 6 and their negatives


def test_it_is_scipy_s_exact_permutation_test():
    found = stats.permutation_test((DIFFERENCES,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_p(DIFFERENCES) == pytest.approx(found.pvalue, abs=1e-15)


@pytest.mark.parametrize("n", [6, 9, 13])
def test_on_midranks_it_is_scipy_s_exact_wilcoxon_test(n):
    d = np.random.default_rng(n).normal(0.4, 1, n)
    assert sign_flip_p(signed_midranks(d)) == pytest.approx(
        stats.wilcoxon(d, method="exact").pvalue, abs=1e-15
    )


def test_for_one_and_zero_it_is_mcnemar_s_exact_test():
    # statsmodels 0.15, mcnemar([[3, 1], [7, 2]], exact=True): 0.0703125
    assert sign_flip_p([1] * 7 + [-1] + [0] * 5) == 0.0703125


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_meeting_in_the_middle_is_trying_all_signs(values):
    assert sign_flip_p([v / 10 for v in values]) == pytest.approx(
        by_hand([v / 10 for v in values]), abs=1e-12
    )


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12), st.randoms())
@settings(max_examples=60, deadline=None)
def test_order_sign_and_zeros_change_nothing(values, random):
    p = sign_flip_p(values)
    shuffled = [*values, 0.0]
    random.shuffle(shuffled)
    assert 0 < p <= 1
    assert sign_flip_p(shuffled) == p == sign_flip_p([-v for v in values])


def test_sums_that_differ_by_rounding_are_ties():
    # 0.1 + 0.2 is not 0.3 in floating point: the flip of 0.1, 0.2 and -0.3 gives the same sum on paper.
    assert sign_flip_p([0.1, 0.2, 0.3, 0.3]) == sign_flip_p([1, 2, 3, 3])
    assert sign_flip_p([0.1, 0.2, -0.3]) == 1


def test_the_smallest_p_of_five_is_above_5_percent_and_of_six_below():
    assert sign_flip_p([1] * 5) == 0.0625
    assert sign_flip_p([1] * 6) == 0.03125
    assert sign_flip_p([1] * 30) == 2 / 2**30


def test_no_difference_has_p_1():
    assert sign_flip_p([]) == sign_flip_p([0.0] * 8) == 1


def test_thirty_differences_are_tried_with_all_signs_and_more_are_drawn_always_the_same():
    d = np.random.default_rng(3).normal(0.2, 1, 31)
    exact = sign_flip_p(d[:30])
    normal = 2 * stats.norm.sf(abs(d[:30].sum()) / np.sqrt((d[:30] ** 2).sum()))
    assert exact == pytest.approx(normal, abs=0.02)
    assert sign_flip_p(d) == sign_flip_p(d)
    assert sign_flip_p([1.0] * 50) == 1 / 100_000


def test_drawn_signs_agree_with_all_signs(monkeypatch):
    exact = sign_flip_p(DIFFERENCES)
    monkeypatch.setattr(sign_flip, "MAX_EXACT", 5)
    assert sign_flip_p(DIFFERENCES) == pytest.approx(exact, abs=4 * math.sqrt(exact / 100_000))


def test_midranks_share_ties_keep_zeros_and_rank_infinity_last():
    assert signed_midranks([2.0, -1.0, 1.0, 0.0, -math.inf, math.inf]).tolist() == [
        4,
        -2.5,
        2.5,
        0,
        -5.5,
        5.5,
    ]
    assert signed_midranks([math.log(4) - math.log(2), math.log(2) - math.log(1)]).tolist() == [1.5, 1.5]


@pytest.mark.parametrize("n", [31, 100, 10_000])
def test_drawn_signs_of_many_differences_are_near_the_normal_limit(n):
    d = np.random.default_rng(n).normal(1.5 / math.sqrt(n), 1, n)
    limit = 2 * stats.norm.sf(abs(d.sum()) / np.sqrt((d**2).sum()))
    assert sign_flip_p(d) == pytest.approx(limit, abs=0.01)
