import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from normlab.views.chart import (
    Mark,
    Series,
    clip,
    decimate,
    draw,
    log_ticks,
    plot,
    thin,
    value_ticks,
    whole_ticks,
)

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


def canvas_of(drawing):
    """The characters of each column of the text, above the axis."""
    return list(zip(*(line.ljust(200) for line in drawing.lines[:-2]), strict=True))


@given(st.floats(0, 100), st.integers(20, 120), st.sampled_from([0.5, 12345.0, 1e-7]))
def test_a_point_is_drawn_in_the_column_that_the_drawing_names(x, width, y):
    points = Series([0, x, 100], [0.0, y, 0.0], "#ff0000", "o", sparse=True)
    drawing = plot([points], width, 12, color=False)
    column = drawing.column(x)
    assert "o" in canvas_of(drawing)[column]
    assert drawing.left <= column < drawing.left + drawing.width == width
    assert drawing.column(drawing.x_at(column)) == column


def test_places_off_the_canvas_are_at_its_nearer_edge():
    drawing = plot([Series([2, 8], [1.0, 2.0], "blue+")], 60, 12)
    assert (drawing.column(-5), drawing.column(99)) == (drawing.left, 59)
    assert (drawing.x_at(0), drawing.x_at(500)) == (2, 8)


def test_colours_may_be_the_ones_of_the_screen():
    text = "".join(plot([Series([1, 2], [1.0, 2.0], "#6cb6ff")], 40, 10).lines)
    assert "38;2;108;182;255" in text


def test_plain_characters_do_for_poor_fonts():
    curves = [Series([1, 2], [1.0, 2.0], "blue+"), Series([1, 2], [1.0, 2.0], "red+", "•", sparse=True)]
    marks = [Mark(1, 1.5, "red+", "★"), Mark(2, None, "red+", "▲")]
    assert not "".join(plot(curves, 60, 12, color=False, marks=marks).lines).isascii()
    text = "\n".join(plot(curves, 60, 12, color=False, marks=marks, ascii=True).lines)
    assert text.isascii()
    assert all(mark in text for mark in ".&$^|")


def test_places_between_whole_ones_are_labelled_where_they_are_wanted():
    seconds = Series([0.1, 0.2, 0.4], [1.0, 2.0, 3.0], "blue+")
    assert plot([seconds], 60, 12, color=False, whole=False).lines[-1].split()[:3] == ["0.10", "0.15", "0.20"]
    assert re.fullmatch(r"[\s\d]*", plot([seconds], 60, 12, color=False).lines[-1])


def test_a_window_draws_its_stretch_alone():
    y = [100.0] * 10 + [1.0, 2.0] + [100.0] * 10
    drawing = plot([Series(range(22), y, "blue+")], 60, 12, color=False, window=(10, 11))
    assert (drawing.low, drawing.high, drawing.num_points) == (10, 11, 2)
    assert "100" not in "".join(drawing.lines), "the values outside don't stretch the axis"


@given(st.integers(1, 3000), st.integers(20, 60), st.booleans())
@settings(max_examples=20)
def test_no_curve_is_drawn_from_more_points_than_twice_the_width(length, width, sparse):
    y = [math.sin(i) + 2 for i in range(length)]
    drawing = plot([Series(range(length), y, "blue+", "o", sparse)], width, 8)
    assert 1 <= drawing.num_points <= 2 * width


def test_a_mark_without_a_value_is_at_the_top_edge():
    curve = Series([1, 2, 3], [1.0, 0.5, 0.2], "blue+")
    drawing = plot([curve], 60, 12, color=False, log=True, marks=[Mark(2, None, "red+", "▲")])
    assert drawing.lines[0][drawing.column(2)] == "▲"


def test_a_mark_that_has_no_place_is_left_out():
    curve = Series([1, 2, 3], [1.0, 0.5, 0.2], "blue+")
    for y in (0.0, NAN, INF, -1.0):
        assert plot([curve], 60, 12, log=True, marks=[Mark(2, y, "red+", "▲")]) == plot(
            [curve], 60, 12, log=True
        )


@pytest.mark.parametrize("size", [(4, 12), (60, 3), (1, 1)])
def test_nothing_is_drawn_where_there_is_no_room(size):
    assert plot([Series([1, 2], [1.0, 2.0], "blue+")], *size) is None
