import pytest

from normlab.core.errors import NormlabError, Problem, show_value


def test_a_problem_says_path_value_rule_and_remedy():
    problem = Problem("model.norm.groups", "does not divide 16 channels", "try 4", 3)
    assert str(problem) == "model.norm.groups: 3: does not divide 16 channels; try 4"
    assert str(Problem("here", "is odd")) == "here: is odd"


def test_an_error_holds_a_line_a_problem():
    assert str(NormlabError(Problem("a", "x"), Problem("b", "y"))) == "a: x\nb: y"


def test_values_and_paths_are_shown_harmlessly():
    assert "\x1b" not in str(Problem("a\x1b[2J", "is bad", value="b\x1b[2J"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (False, "false"),
        (2.0, "2.0"),
        (0.1, "0.1"),
        (float("inf"), "inf"),
        ({"a": (1, 2)}, "{a = [1, 2]}"),
        ((500,) * 10, "10x500"),
        ([7, 7, 7], "[7, 7, 7]"),
    ],
)
def test_values_are_shown_as_a_preset_would_write_them(value, text):
    assert show_value(value) == text


def test_long_values_are_cut():
    assert len(show_value(list(range(10_000)))) < 100


def test_a_number_of_thousands_of_digits_is_shown_by_its_size():
    assert show_value(1 << 20_000) == "a number of 20001 bits"
