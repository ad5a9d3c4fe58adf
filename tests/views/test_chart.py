import math
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from normlab.views.chart import Series, decimate, draw, log_ticks, thin, value_ticks, whole_ticks

NAN, INF = math.nan, math.inf
finite = st.floats(allow_nan=False, allow_infinity=False)


def plain(*curves, log=False, title="loss", **how):
    series = [Series(range(1, len(y) + 1), y, "blue+", **how) for y in curves]
    return draw(series, title, 60, 12, color=False, log=log)


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
def test_thinning_keeps_the_last_point_and_even_distances(length, count):
    x, y = thin(range(length), range(length), count)
    assert x == y
    assert x[-1] == length - 1
    assert 1 <= len(x) <= count
    assert len({after - before for before, after in pairwise(x)}) <= 1


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "y",
    [
        [1.0],
        [0.5, 0.5, 0.5],
        [1.0, NAN, 2.0],
        [1.0, INF],
        [-INF, 1.0, 3.0],
        [0.0, 1.0],
        [-1.0, 1.0],
        [1e-38, 3e38],
        [1e-12, 1.1e-12],
        [1.0 + i / 7 for i in range(700)],
    ],
)
def test_any_curve_is_drawn_within_its_space(y, sparse, log):
    text = plain(y, log=log, sparse=sparse)
    lines = text.rstrip("\n").split("\n")
    assert "loss" in lines[0]
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize("y", [[], [NAN], [NAN, INF, -INF]])
@pytest.mark.parametrize("log", [False, True])
def test_a_chart_of_nothing_is_empty(y, log):
    assert plain(y, log=log) == ""


@pytest.mark.parametrize("y", [[0.0], [-1.0, 0.0], [-0.0]])
def test_a_logarithmic_chart_of_nothing_above_zero_is_empty(y):
    assert plain(y, log=True) == ""
    assert plain(y) != ""


@settings(max_examples=25)
@given(st.lists(st.floats(width=32), max_size=6), st.booleans(), st.booleans())
@example([-3e38, 3e38], False, False)
@example([2.0**-149, 3e38], True, False)
def test_drawing_never_fails(y, log, sparse):
    """Losses are means of 32-bit numbers, so those are all that there can be."""
    text = plain(y, log=log, sparse=sparse)
    assert bool(text) == any(math.isfinite(value) and (value > 0 or not log) for value in y)


def test_values_that_have_no_place_are_left_out():
    good = Series([2, 4], [1.0, 10.0], "blue+")
    odd = Series([1, 2, 3, 4, 5], [NAN, 1.0, INF, 10.0, -INF], "blue+")
    assert draw([odd], "", 60, 12, False, False) == draw([good], "", 60, 12, False, False)


def test_a_logarithmic_chart_leaves_zeros_out():
    good = Series([2, 4], [1.0, 10.0], "blue+")
    odd = Series([1, 2, 3, 4], [0.0, 1.0, -3.0, 10.0], "blue+")
    assert draw([odd], "", 60, 12, False, True) == draw([good], "", 60, 12, False, True)


def test_a_curve_that_can_not_be_drawn_does_not_hide_the_others():
    assert plain([1.0, 2.0], [NAN, NAN]) == plain([1.0, 2.0]) != ""


def test_a_logarithmic_chart_says_the_values_not_their_logarithms():
    text = plain([0.001, 0.01, 0.1, 1.0], log=True)
    assert all(tick in text for tick in ("0.001", "0.01", "0.1", "1"))
    assert "-3" not in text


def test_drawing_leaves_nothing_for_the_next_chart():
    first = plain([1.0, 2.0])
    plain([5.0, -9.0, 3.0], [1.0], log=False)
    plain([1e-9, 1.0], log=True)
    assert plain([1.0, 2.0]) == first


def test_colour_is_only_added_where_it_is_wanted():
    series = [Series([1, 2], [1.0, 2.0], "blue+")]
    coloured, bare = (draw(series, "", 40, 10, color, False) for color in (True, False))
    assert "\x1b[" in coloured
    assert "\x1b" not in bare


def test_marks_tell_curves_apart_without_colour():
    series = [Series([1, 2, 3], [float(i)] * 3, "blue+", mark, True) for i, mark in enumerate("xo")]
    text = draw(series, "", 40, 10, False, False)
    assert text.count("x") == text.count("o") == 3


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_whole_ticks_are_few_and_within_the_chart(low, length):
    ticks = whole_ticks(low, low + length)
    assert 1 <= len(ticks) <= 9
    assert ticks == sorted(set(ticks))
    assert all(low <= tick <= low + length for tick in ticks)


@given(st.floats(-45, 20), st.floats(0, 20))
def test_logarithmic_ticks_are_two_or_more_within_the_chart(low, length):
    ticks = log_ticks(low, low + length)
    assert len(ticks) >= 2
    assert all(low - 1e-6 <= math.log10(tick) <= low + length + 1e-6 for tick in ticks)


def test_labels_of_values_stay_short_and_tell_them_apart():
    for low, high in ((0.69314, 0.69316), (-1e-9, 3e38), (5.0, 5.0)):
        ticks, labels = value_ticks(low, high)
        assert len(set(labels)) == len(ticks)
        assert max(map(len, labels)) <= 10
