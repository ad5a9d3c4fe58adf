import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from normlab.views.chart import Mark, Series, draw, plot

NAN, INF = math.nan, math.inf
finite = st.floats(allow_nan=False, allow_infinity=False)


def plain(*curves, log=False, title="loss", **how):
    series = [Series(range(1, len(y) + 1), y, "12", **how) for y in curves]
    return draw(series, title, 60, 12, color=False, log=log)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("marker", [None, "o"])
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
def test_any_curve_is_drawn_within_its_space(y, marker, log):
    text = plain(y, log=log, marker=marker)
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


@settings(max_examples=50)
@given(st.lists(st.floats(), max_size=6), st.booleans(), st.sampled_from([None, "o"]))
@example([-1.7e308, 1.7e308], False, None)
@example([1.7976931348623157e308] * 2, True, None)
@example([5e-324, 1.0], True, None)
@example([5e-324], False, None)
@example([3e-05, math.nextafter(3e-05, 1)], False, None)
@example([1.0, math.nextafter(1.0, 0)], True, "o")
def test_drawing_never_fails(y, log, marker):
    text = plain(y, log=log, marker=marker)
    assert bool(text) == any(math.isfinite(value) and (value > 0 or not log) for value in y)


@given(finite)
def test_values_that_only_rounding_parts_are_drawn_as_one(value):
    steps = [value, math.nextafter(value, math.inf), value]
    # Of the smallest numbers that there are, a neighbour is no rounding but twice as much.
    if all(map(math.isfinite, steps)) and abs(value) > 1e-300:
        lines = plain(steps).split("\n")
        assert sum(any("\u2800" < letter <= "\u28ff" for letter in line) for line in lines) == 1
        assert sum("┤" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("odd", "log"), [(NAN, False), (INF, False), (-INF, True), (0.0, True), (-3.0, True)]
)
def test_values_that_have_no_place_leave_a_gap(odd, log):
    dots = [1.0] * 10
    (whole,) = (
        line
        for line in plain(dots, log=log).split("\n")
        if "⠒" in line or "⠤" in line or "⣀" in line or "⠉" in line
    )
    dots[4:6] = [odd, odd]
    drawn = plain(dots, log=log)
    row = next(line for line in drawn.split("\n") if any("\u2800" < letter <= "\u28ff" for letter in line))
    assert " " not in whole.strip(" │┤10.")
    assert re.search(r"[\u2800-\u28ff]+ {10,}[\u2800-\u28ff]+", row)


def test_marks_without_a_place_are_left_out():
    good = Series([2, 4], [1.0, 10.0], "12", "o")
    odd = Series([1, 2, 3, 4, 5], [NAN, 1.0, INF, 10.0, -INF], "12", "o")
    assert draw([odd], "", 60, 12, False, False) == draw([good], "", 60, 12, False, False)


def test_a_curve_that_can_not_be_drawn_does_not_hide_the_others():
    assert plain([1.0, 2.0], [NAN, NAN]) == plain([1.0, 2.0]) != ""


def test_a_logarithmic_chart_says_the_values_not_their_logarithms():
    text = plain([0.001, 0.01, 0.1, 1.0], log=True)
    assert all(tick in text for tick in ("0.001", "0.01", "0.1", "1"))
    assert "-3" not in text


def test_colour_is_only_added_where_it_is_wanted():
    series = [Series([1, 2], [1.0, 2.0], "12")]
    coloured, bare = (draw(series, "", 40, 10, color, False) for color in (True, False))
    assert "\x1b[" in coloured
    assert "\x1b" not in bare


def test_marks_tell_curves_apart_without_colour():
    series = [Series([1, 2, 3], [float(i)] * 3, "12", mark) for i, mark in enumerate("xo")]
    text = draw(series, "", 40, 10, False, False)
    assert text.count("x") == text.count("o") == 3


def canvas_of(drawing):
    """The characters of each column of the text, above the axis."""
    return list(zip(*(line.ljust(200) for line in drawing.lines[:-2]), strict=True))


@given(st.floats(0, 100), st.integers(20, 120), st.sampled_from([0.5, 12345.0, 1e-7]))
def test_a_point_is_drawn_in_the_column_that_the_drawing_names(x, width, y):
    points = Series([0, x, 100], [0.0, y, 0.0], "#ff0000", "o")
    drawing = plot([points], width, 12, color=False)
    column = drawing.column(x)
    assert "o" in canvas_of(drawing)[column]
    assert drawing.left <= column < drawing.left + drawing.width == width
    assert drawing.column(drawing.x_at(column)) == column


def test_places_off_the_canvas_are_at_its_nearer_edge():
    drawing = plot([Series([2, 8], [1.0, 2.0], "12")], 60, 12)
    assert (drawing.column(-5), drawing.column(99)) == (drawing.left, 59)
    assert (drawing.x_at(0), drawing.x_at(500)) == (2, 8)


def test_colours_may_be_the_ones_of_the_screen():
    text = "".join(plot([Series([1, 2], [1.0, 2.0], "#6cb6ff")], 40, 10).lines)
    assert "38;2;108;182;255" in text


def test_plain_characters_do_for_poor_fonts():
    curves = [Series([1, 2], [1.0, 2.0], "12"), Series([1, 2], [1.0, 2.0], "9", "o")]
    marks = [Mark(1, 1.5, "9", "★"), Mark(2, None, "9", "▲")]
    assert not "".join(plot(curves, 60, 12, color=False, marks=marks).lines).isascii()
    text = "\n".join(plot(curves, 60, 12, color=False, marks=marks, ascii=True).lines)
    assert text.isascii()
    assert all(mark in text for mark in ".o$^|")


def test_places_between_whole_ones_are_labelled_where_they_are_wanted():
    seconds = Series([0.1, 0.2, 0.4], [1.0, 2.0, 3.0], "12")
    assert plot([seconds], 60, 12, color=False, whole=False).lines[-1].split()[:3] == ["0.10", "0.15", "0.20"]
    assert re.fullmatch(r"[\s\d]*", plot([seconds], 60, 12, color=False).lines[-1])


def test_a_window_draws_its_stretch_alone():
    y = [100.0] * 10 + [1.0, 2.0] + [100.0] * 10
    drawing = plot([Series(range(22), y, "12")], 60, 12, color=False, window=(10, 11))
    assert (drawing.low, drawing.high, drawing.num_points) == (10, 11, 2)
    assert "100" not in "".join(drawing.lines), "the values outside don't stretch the axis"


@given(st.integers(1, 3000), st.integers(20, 60), st.booleans())
@settings(max_examples=20)
def test_no_curve_is_drawn_from_more_points_than_twice_the_width(length, width, marked):
    y = [math.sin(i) + 2 for i in range(length)]
    drawing = plot([Series(range(length), y, "12", "o" if marked else None)], width, 8)
    assert 1 <= drawing.num_points <= 2 * width


def test_a_mark_without_a_value_is_at_the_top_edge():
    curve = Series([1, 2, 3], [1.0, 0.5, 0.2], "12")
    drawing = plot([curve], 60, 12, color=False, log=True, marks=[Mark(2, None, "9", "▲")])
    assert drawing.lines[0][drawing.column(2)] == "▲"


def test_a_mark_that_has_no_place_is_left_out():
    curve = Series([1, 2, 3], [1.0, 0.5, 0.2], "12")
    for y in (0.0, NAN, INF, -1.0):
        assert plot([curve], 60, 12, log=True, marks=[Mark(2, y, "9", "▲")]) == plot(
            [curve], 60, 12, log=True
        )


@pytest.mark.parametrize("size", [(4, 12), (60, 3), (1, 1)])
def test_nothing_is_drawn_where_there_is_no_room(size):
    assert plot([Series([1, 2], [1.0, 2.0], "12")], *size) is None
