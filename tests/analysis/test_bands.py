import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.analysis.bands import band

XS = list(range(1, 6))


def curves(num, rng=None):
    rng = rng or np.random.default_rng(0)
    return [(XS, rng.normal(size=5).tolist()) for _ in range(num)]


def test_ten_curves_have_their_median_and_its_interval_by_order():
    lines = curves(10)
    found = band(lines)
    values = np.sort([ys for _, ys in lines], axis=0)
    assert (found.x, found.num) == (XS, [10] * 5)
    assert found.median == pytest.approx(np.median(values, axis=0))
    assert (found.low, found.high) == (values[1].tolist(), values[8].tolist())


def test_below_six_curves_there_is_a_line_and_no_interval():
    found = band(curves(5))
    assert all(math.isfinite(y) for y in found.median)
    assert all(math.isnan(y) for y in found.low + found.high)


def test_it_ends_where_fewer_than_half_of_the_runs_go_on():
    lines = [
        (XS[: 2 if seed < 4 else 4 if seed < 6 else 5], [1.0] * (2 if seed < 4 else 4 if seed < 6 else 5))
        for seed in range(10)
    ]
    found = band(lines)
    assert (found.x, found.num) == ([1, 2, 3, 4], [10, 10, 6, 6])


def test_a_value_that_is_no_number_counts_as_the_worst():
    lines = [([1], [float(y)]) for y in range(9)] + [([1], [math.nan])]
    assert (band(lines).median, band(lines).low, band(lines).high) == ([4.5], [1], [8])
    assert (band(lines, worst=-math.inf).median, band(lines, worst=-math.inf).low) == ([3.5], [0])


def test_no_curve_gives_no_band():
    assert band([]).x == band([([], [])]).x == []


@given(st.integers(6, 12), st.integers(0, 1000))
def test_on_a_logarithmic_axis_it_is_the_same_band(num, seed):
    lines = curves(num, np.random.default_rng(seed))
    plain, raised = band(lines), band([(xs, [math.exp(y) for y in ys]) for xs, ys in lines])
    assert raised.low == pytest.approx([math.exp(y) for y in plain.low])
    assert raised.high == pytest.approx([math.exp(y) for y in plain.high])
