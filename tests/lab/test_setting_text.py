import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.components.models.mlp import MLP
from normlab.components.optimizers.adam import Adam
from normlab.core.errors import show_value
from normlab.core.fields import describe
from normlab.core.parsing import parse
from normlab.lab.experiment import Training
from normlab.lab.setting_text import read_text, show_text

LR, HIDDEN = describe(Adam)["lr"], describe(MLP)["hidden"]


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**9), 10**9)))
def test_numbers_that_are_shown_are_read_back(number):
    assert read_text(LR, show_text(number)) == number


@given(st.lists(st.integers(1, 1000), max_size=6).map(tuple) | st.integers(1, 9).map(lambda n: (64,) * n))
def test_sizes_that_are_shown_give_the_same_model(sizes):
    hidden = read_text(HIDDEN, show_text(sizes))
    assert parse(MLP, {"kind": "mlp", "hidden": hidden}).hidden == sizes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (2.0, "2.0"),
        (1e-05, "1e-05"),
        (0.1 + 0.2, "0.30000000000000004"),
        (float("nan"), "nan"),
        ("full", "full"),
    ],
)
def test_one_value_is_shown_alike_in_a_form_and_in_a_message(value, text):
    assert show_text(value) == show_value(value) == text


def test_lists_are_shown_alike_but_for_the_brackets():
    assert show_text([500] * 10) == show_value([500] * 10) == "10x500"
    assert (show_text((64, 32)), show_value((64, 32))) == ("64, 32", "[64, 32]")
    assert (show_text([0.5] * 4), show_value(["a"] * 4)) == ("0.5, 0.5, 0.5, 0.5", "[a, a, a, a]")
    assert show_text([]) == ""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", " 20 ", 20),
        ("epochs", "1e3", 1000),
        ("epochs", "1,000", "1,000"),
        ("epochs", "many", "many"),
        ("batch_size", "full", "full"),
        ("clip_norm", "none", None),
        ("clip_norm", "", None),
    ],
)
def test_text_is_read_as_its_field_takes_it(name, text, value):
    assert read_text(describe(Training)[name], text) == value
