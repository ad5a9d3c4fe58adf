import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normlab.engine.events import Probed, ProbeSamples
from normlab.views.picture import draw_picture

NAN, INF = math.nan, math.inf
HUES = ("#6cb6ff", "#f2b866", "#7fd1ae")
TRAIN, VAL = "#111111", "#222222"
finite = st.floats(-1e38, 1e38)


def line(answers, train=((0.0, 0.0),), val=(), low=0.0, high=1.0):
    return Probed(
        run="a", epoch=1, step=1, low=(low,), high=(high,), sizes=(len(answers),), answers=tuple(answers),
        num_classes=None, samples=ProbeSamples(train=tuple(train), val=tuple(val)),
    )  # fmt: skip


def plane(answer, train=((0.5, 0.5, 0.0),), val=(), size=20, classes=2):
    grid = [(x / (size - 1), y / (size - 1)) for y in range(size) for x in range(size)]
    return Probed(
        run="a", epoch=1, step=1, low=(0.0, 0.0), high=(1.0, 1.0), sizes=(size, size),
        answers=tuple(float(answer(x, y)) for x, y in grid), num_classes=classes,
        samples=ProbeSamples(train=tuple(train), val=tuple(val)),
    )  # fmt: skip


def picture(probed, width=60, height=20, color=False, ascii=False):
    return draw_picture(probed, probed.samples, TRAIN, VAL, HUES, width, height, color, ascii)


def bare(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def code(color):
    return "\x1b[38;2;" + ";".join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5)) + "m"


def inside(text):
    """The cells between legend and axes."""
    return [re.split("[│┤|+]", row, maxsplit=1)[1] for row in bare(text).split("\n")[1:-2]]


LINE = line([x / 100 for x in range(101)], [(0.2, 0.5)], [(0.8, 0.1)])
TWO = plane(lambda x, y: x > 0.5, [(0.1, 0.1, 0), (0.9, 0.9, 1)], [(0.1, 0.9, 0), (0.9, 0.1, 1)])
VALUES = plane(lambda x, y: x + y / 2, [(0.1, 0.1, 0.2)], [(0.9, 0.9, 1.3)], classes=None)


@pytest.mark.parametrize("probed", [LINE, TWO, VALUES], ids=["line", "classes", "values"])
@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("ascii", [True, False])
def test_a_picture_has_its_height_and_stays_within_its_width(probed, color, ascii):
    for width in (1, 2, 5, 11, 12, 16, 20, 40, 80, 200):
        for height in (1, 2, 3, 6, 7, 8, 24, 60):
            text = picture(probed, width, height, color, ascii)
            assert ("\x1b" in text) <= color
            lines = bare(text).split("\n")
            assert len(lines) == height
            assert max(map(len, lines)) <= width
            assert text.isascii() or not ascii


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (-1, -1)])
def test_no_room_is_no_picture(size):
    assert picture(TWO, *size).strip() == picture(LINE, *size).strip() == ""


@settings(max_examples=60)
@given(
    st.lists(st.floats(width=32), min_size=1, max_size=30),
    st.lists(st.tuples(finite, finite), max_size=5),
    st.integers(1, 50),
    st.integers(1, 20),
)
def test_a_line_of_any_answers_is_drawn(answers, samples, width, height):
    text = picture(line(answers, samples, samples[1:]), width, height, color=True)
    assert len(text.split("\n")) == height


@settings(max_examples=60)
@given(
    st.lists(st.floats(width=32), min_size=4, max_size=4),
    st.lists(st.tuples(finite, finite, finite), max_size=5),
)
def test_a_plane_of_any_values_is_drawn(answers, samples):
    probed = plane(lambda x, y: answers[round(x) + 2 * round(y)], samples, samples[1:], size=2, classes=None)
    assert len(picture(probed, 40, 12, color=True).split("\n")) == 12


@settings(max_examples=60)
@given(finite, finite)
def test_any_range_of_inputs_has_axes(one, other):
    probed = line([0.0, 1.0], [(one, 0.0)], low=min(one, other), high=max(one, other))
    lines = picture(probed, 60, 12).split("\n")
    assert len(lines) == 12
    assert max(map(len, lines)) <= 60


# A line


def test_the_curve_goes_through_its_answers():
    rows = inside(picture(line([0.0, 1.0], [(0.0, 0.0), (1.0, 1.0)]), ascii=True))
    ends = [row.rstrip().rfind("*") for row in rows if "*" in row]
    assert ends == sorted(ends, reverse=True), "it rises"
    assert ends[0] >= len(max(rows, key=len)) - 3
    assert ends[-1] <= 6


def test_the_curve_has_the_finer_dots_of_braille():
    rows = inside(picture(line([0.0, 1.0], [(-9.0, 0.0)])))
    drawn = {letter for row in rows for letter in row} - {" "}
    assert drawn
    assert all(0x2800 < ord(letter) <= 0x28FF for letter in drawn)


def test_answers_that_are_not_finite_leave_a_hole_in_the_curve():
    for odd in (NAN, INF, -INF):
        rows = inside(picture(line([1.0] * 40 + [odd] * 20 + [1.0] * 41, [(-9.0, 1.0)]), ascii=True))
        (row,) = (row for row in rows if "*" in row)
        assert re.fullmatch(r"\*+ {8,}\*+", row.rstrip())
    assert "*" not in "".join(inside(picture(line([NAN] * 101), ascii=True)))


def test_a_curve_that_runs_away_leaves_the_samples_where_they_can_be_told():
    text = picture(line([0.0, 1e30], [(0.1, 1.0), (0.5, 2.0), (0.9, 3.0)]))
    rows = [i for i, row in enumerate(inside(text)) if "•" in row]
    assert len(rows) == 3
    assert rows[-1] - rows[0] >= 5


def test_parts_have_a_mark_and_a_colour_each():
    text = picture(LINE, color=True)
    first, *_ = text.split("\n")
    assert bare(first) == "⠒⠒ model   • training   x validation"
    for mark, color in (("•", TRAIN), ("x", VAL)):
        assert text.count(f"{code(color)}{mark}\x1b[0m") == 2, "in the legend and in its place"
    assert code(HUES[0]) in text


def test_few_samples_are_over_the_curve_and_many_under_it():
    flat = [0.5] * 101
    few = inside(picture(line(flat, [(x / 10, 0.5) for x in range(10)]), ascii=True))
    many = inside(
        picture(line(flat, [(x / 100, 0.5 + dy) for x in range(100) for dy in (-0.5, 0, 0.5)]), ascii=True)
    )
    assert sum(row.count("o") for row in few) == 10
    assert [set(row.strip()) for row in many if "*" in row] == [{"*"}]


def test_axes_tell_the_data_s_own_units():
    lines = picture(line([-2.0, 2.0], [(10.0, -2.0), (20.0, 2.0)], low=10.0, high=20.0)).split("\n")
    assert lines[-1].split() == ["10", "15", "20"]
    assert [label for row in lines[1:-2] for label in re.findall(r"^ *(\S+)┤", row)] == [
        "2",
        "1",
        "0",
        "-1",
        "-2",
    ]


# A plane


def test_classes_part_the_plane_where_the_answers_do():
    for color, ascii, halves in ((False, False, ".:"), (False, True, ".:"), (True, True, ".:")):
        rows = inside(picture(TWO, color=color, ascii=ascii))
        middle = rows[len(rows) // 2]
        assert re.fullmatch(rf"\{halves[0]}+{halves[1]}+", middle)
        assert abs(middle.count(".") - middle.count(":")) <= 2


def test_with_colour_each_class_has_its_hue_and_so_have_its_samples():
    row = picture(TWO, color=True).split("\n")[10]
    assert re.search(re.escape(code(HUES[0])) + "░+" + re.escape("\x1b[0m" + code(HUES[1])) + "░+", row)
    wrong = picture(plane(lambda x, y: 0, [(0.5, 0.5, 1)]), color=True)
    assert f"{code(HUES[0])}░" in wrong
    assert f"{code(HUES[1])}•\x1b[0m" in wrong, (
        "a sample is in its own class's hue, whatever the model answers"
    )


def test_without_colour_letters_tell_class_and_part():
    text = picture(TWO)
    top, bottom = (
        next(row for row in rows if re.search("[A-Za-z]", row)) for rows in (inside(text), inside(text)[::-1])
    )
    assert re.sub("[.:]", "", top) == "aB"
    assert re.sub("[.:]", "", bottom) == "Ab"
    assert text.split("\n")[0] == "capitals training   .Aa class 0   :Bb class 1"


def test_the_second_input_points_up():
    rows = inside(picture(plane(lambda x, y: y > 0.7, [(0.5, 0.5, 0), (0.5, 0.9, 1)])))
    assert set(rows[0]) == {":"}
    assert set(rows[-1]) == {"."}
    assert next(i for i, row in enumerate(rows) if "B" in row) < 4


def test_more_classes_than_hues_and_letters_are_drawn():
    many = plane(lambda x, y: round(99 * x), [(i / 99, 0.5, i) for i in range(100)])
    for color in (True, False):
        assert len(picture(many, color=color).split("\n")) == 20


@pytest.mark.parametrize("probed", [TWO, VALUES], ids=["classes", "values"])
@pytest.mark.parametrize("color", [True, False])
def test_answers_that_are_not_finite_leave_a_hole_in_the_plane(probed, color):
    answers = [NAN if i % 20 < 10 else answer for i, answer in enumerate(probed.answers)]
    row = inside(picture(probed.model_copy(update={"answers": tuple(answers)}), color=color))[8]
    assert re.fullmatch(r" +[^ ]+", row)
    assert abs(row.count(" ") - len(row) / 2) <= 2


def test_values_are_shaded_from_low_to_high():
    rows = inside(picture(plane(lambda x, y: x, [(-9.0, 0.0, 0.5)], classes=None)))
    assert re.fullmatch(r"\.+:+-+=+\++\*+#+", rows[5])
    row = picture(plane(lambda x, y: x, [(-9.0, 0.0, 0.5)], classes=None), color=True).split("\n")[5]
    hues = re.findall(r"\x1b\[38;2;(\d+);", row)
    reds = [int(red) for red in hues]
    assert len(reds) >= 20
    assert reds == sorted(reds), "from the first hue to the second"


def test_samples_of_values_have_the_shade_that_the_answer_should_have():
    text = picture(plane(lambda x, y: x, [(0.5, 0.5, 1.0)], [(0.5, 0.9, 0.0)], classes=None), color=True)
    assert f"{code(HUES[1])}•\x1b[0m" in text
    assert f"{code(HUES[0])}x\x1b[0m" in text


def test_neither_part_hides_the_other():
    both = [(i / 50, j / 50, 0) for i in range(50) for j in range(50)]
    text = "".join(inside(picture(plane(lambda x, y: 0, both, both[::-1]))))
    assert min(text.count("A"), text.count("a")) > 100


def test_values_that_happen_to_be_whole_are_not_taken_for_classes():
    whole = [(0.5, 0.5, 1.0)]
    assert "class" not in picture(plane(lambda x, y: 0, whole, classes=None))
    assert "class" in picture(plane(lambda x, y: NAN, whole))
