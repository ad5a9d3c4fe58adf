import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from normlab.core.text import Name, Prose, hidden_characters, visible


@given(st.text())
def test_visible_text_holds_no_hidden_character(text):
    assert hidden_characters(visible(text, 1000).replace("\u27e8", "")) == []


def test_visible_text_is_cut():
    assert visible("x" * 100, 10) == "x" * 10 + "…"


@pytest.mark.parametrize("bad", ["a\x1b[31m", "a\u202eb", "a\x00", "a\nb", "a\x9b31m", "\u200d", ""])
def test_names_refuse_hidden_characters(bad):
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(bad)


def test_prose_keeps_its_lines_but_no_escape():
    assert TypeAdapter(Prose).validate_python("a\n\tb") == "a\n\tb"
    with pytest.raises(ValidationError):
        TypeAdapter(Prose).validate_python("a\x1b]0;title\x07")
