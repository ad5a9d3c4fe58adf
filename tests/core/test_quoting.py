import csv
import io

import pytest
from markdown_it import MarkdownIt

from normlab.core.quoting import for_csv, for_markdown

HARM = [
    "<script>alert(1)</script>", "[a](http://b.example)", "![a](c.png)", "a | b", "`code`", "**bold** _it_",
    "$x$", "&lt;", "@somebody #12", "www.a.example", "a ` b @c", "two\u2028lines", "\\",
]  # fmt: skip


def cells(text):
    """Give the cells of a table row as Markdown shows them, without its marks."""
    table = f"| a | b |\n| - | - |\n| {for_markdown(text)} | next |\n"
    inline = [
        token for token in MarkdownIt("commonmark").enable("table").parse(table) if token.type == "inline"
    ]
    return inline[2:]


@pytest.mark.parametrize("text", HARM)
def test_text_is_literal_in_a_markdown_table(text):
    shown, following = cells(text)
    assert {token.type for token in shown.children} <= {"text", "text_special", "code_inline"}
    assert following.content == "next"
    told = "".join(token.content for token in shown.children)
    assert told.replace("│", "|") == " ".join(text.splitlines())


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(1)", " =1+1", "\uff1d1+1"])
def test_a_formula_is_text_in_csv(text):
    assert for_csv(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-0.5", "+1e-3", "-inf", "plain", "a=b", ""])
def test_numbers_and_words_stay_as_they_are_in_csv(text):
    assert for_csv(text) == text


def test_csv_is_uncut_and_on_one_line():
    text = for_csv(f"{'x' * 5000}\nend\x1b")
    assert text == f"{'x' * 5000}⟨U+000A⟩end⟨U+001B⟩"
    assert len(list(csv.reader(io.StringIO(text)))) == 1


def test_markdown_is_cut():
    assert for_markdown("x" * 500) == "x" * 200 + "…"
