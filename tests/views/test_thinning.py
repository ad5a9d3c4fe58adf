import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.views.thinning import clip, decimate, thin

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, max_size=400), st.integers(1, 20))
def test_decimating_bounds_the_points_and_keeps_the_extremes(y, width):
    x = list(range(len(y)))
    kept_x, kept_y = decimate(x, y, width)
    assert len(kept_x) == len(kept_y) <= 2 * width
    assert [y[i] for i in kept_x] == kept_y, "points are the curve's own"
    assert kept_x == sorted(set(kept_x)), "in its order"
    if y:
        assert (min(kept_y), max(kept_y)) == (min(y), max(y))
    if len(y) <= 2 * width:
        assert kept_x == x


def test_decimating_keeps_the_extremes_of_each_column():
    y = [0.0] * 1000
    y[130], y[170], y[930] = 5.0, -5.0, 7.0
    x, kept = decimate(range(1000), y, 10)
    assert {(130, 5.0), (170, -5.0), (930, 7.0)} <= set(zip(x, kept, strict=True))


@given(st.integers(1, 500), st.integers(1, 50))
def test_thinning_keeps_the_last_point_and_at_most_so_many(length, count):
    x, y = thin(range(length), range(length), count)
    assert x == y == sorted(set(x))
    assert x[-1] == length - 1
    assert min(length, count // 2) <= len(x) <= count


@given(st.integers(1, 500), st.integers(2, 50))
def test_marks_stay_in_place_while_a_curve_grows(length, count):
    before, after = (set(thin(range(n), range(n), count)[0]) for n in (length, length + 1))
    assert before - {length - 1} <= after or after - {length} <= before, "all stay, or every other one goes"


def test_a_line_cut_to_a_window_ends_where_it_crosses_its_edges():
    assert clip([0, 10], [0.0, 1.0], 4, 5) == ([4, 5], [pytest.approx(0.4), pytest.approx(0.5)])
    assert clip([1, 2, 3], [5.0, 6.0, 7.0], 0, 9) == ([1, 2, 3], [5.0, 6.0, 7.0])
    assert clip([1, 2], [5.0, 6.0], 3, 4) == ([], [])


@given(st.lists(st.floats(), max_size=200), st.integers(1, 10), st.sampled_from([0.0, -math.inf]))
def test_a_gap_stays_a_gap_and_costs_one_point_a_column(y, width, floor):
    x = list(range(len(y)))
    kept_x, kept_y = decimate(x, y, width, floor)
    assert len(kept_x) <= 3 * width
    assert kept_x == sorted(set(kept_x))
    good, kept = ([v for v in values if floor < v < math.inf] for values in (y, kept_y))
    assert (len(good) < len(y)) == (len(kept) < len(kept_y))
    if good:
        assert (min(kept), max(kept)) == (min(good), max(good))
