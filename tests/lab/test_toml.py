import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.core.errors import ConfigError
from normlab.lab.toml import parse_toml, update_toml


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 30_000 + " = 1",
        "[" + "a." * 30_000 + "a]",
        "x = " + "[" * 20_000,
        "x = " + "{a=" * 10_000,
        "x = " + "[" * 9 + "]" * 9,
    ],
)
def test_deep_text_is_refused_at_once(text):
    start = time.perf_counter()
    with pytest.raises(ConfigError, match="line 1: has "):
        parse_toml(text)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        'x = """' + r"\a" * 5000,
        'x = """a"""" # \\\n' + "a." * 20_000 + 'a="x"',
        "x = " + "9" * 5000,
        "x = '''" + "'a" * 20_000,
    ],
)
def test_hostile_text_is_refused_at_once(text):
    start = time.perf_counter()
    with pytest.raises(ConfigError):
        parse_toml(text)
    assert time.perf_counter() - start < 1


def test_brackets_and_dots_in_strings_and_comments_do_not_count():
    text = "a = \"[[[[[[[[[[ .........\" # [[[[[[[[[[\nb = '''\n[[[[[[[[[[[\n'''\n\"c.c.c.c.c.c.c.c.c.c.c\" = 1.5"
    assert parse_toml(text)["b"].startswith("[")


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused_in_words(text):
    try:
        parse_toml(text)
    except ConfigError as error:
        assert error.problems


def test_an_update_keeps_comments_order_and_what_is_equal():
    text = "# mine\nb = 1  # one\na = [1, 2] # list\n\n[t]\n# inside\nx = 'q'\n"
    new = update_toml(text, {"a": [1, 2], "b": 2, "t": {"x": "q", "y": True}})
    assert new.startswith("# mine\nb = 2")
    assert "a = [1, 2] # list" in new
    assert "# inside\nx = 'q'\n" in new
    assert parse_toml(new) == {"a": [1, 2], "b": 2, "t": {"x": "q", "y": True}}


def test_an_update_removes_what_is_gone():
    assert parse_toml(update_toml("a = 1\n[t]\nb = 2\n", {"a": 1})) == {"a": 1}
