import re

import pytest
from support.study_boards import PRESET, board

from normlab.exports.study_blocks import Bullets, Code, Paragraph, Table, code, plain
from normlab.exports.study_effect import effect, interval
from normlab.exports.study_markdown import bullets, inline, table
from normlab.exports.study_prose import prose
from normlab.exports.study_strip import strip


def words(text):
    return "".join(span.text for span in text)


def test_prose_reads_paragraphs_lists_and_code():
    text = "# Head\nOne\ntwo.\n\n- a *b*\n  goes on\n- c\n\n    x = 1\n\n```python\ny | z\n```"
    found = list(prose(text))
    assert [type(block) for block in found] == [Paragraph, Bullets, Code, Code]
    assert words(found[0].text) == "Head One two."
    assert [words(item) for item in found[1].items] == ["a b goes on", "c"]
    assert [block.text for block in found[2:]] == ["x = 1", "y | z"]


def test_links_and_pictures_of_prose_go_nowhere():
    (found,) = prose("see [here](http://a.example 'x') ![y](//b.example)")
    assert [(span.text, span.style) for span in found.text if span.text.strip()] == [
        ("see ", "plain"), ("here (http://a.example)", "plain"), ("y (//b.example)", "plain")
    ]  # fmt: skip
    assert inline(found.text) == "see here `(http://a.example)` y (//b.example)"


@pytest.mark.parametrize("text", ["", "\n\n", "*", "**", "`", "``a`", "[", "1. ", "- ", "```", "a\n\n\n\nb"])
def test_any_prose_is_read(text):
    said = " ".join(words(block.text) for block in prose(text) if isinstance(block, Paragraph))
    assert set(said.split()) <= set(text.split())


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("- a", r"\- a"),
        ("+1 b", r"\+1 b"),
        ("12. c", r"12\. c"),
        ("# d @e f", "`#` d `@e` f"),
        ("a|b\nc", r"a\|b c"),
        ("<b>", r"\<b\>"),
        ("-" * 3, r"\---"),
    ],
)
def test_text_stays_text_in_markdown(text, written):
    assert inline(plain(text)) == written


def test_a_cell_keeps_its_bars_and_ticks():
    assert table(Table([plain("a")], [[code("x|`y")]])) == "| a          |\n| ---------- |\n| `` x│`y `` |"
    assert bullets([plain("a"), code("b")]) == "- a\n- `b`"


def verdicts(**how):
    return board(PRESET, **how).verdicts


def places(drawing, kind):
    return [float(x) for x in re.findall(rf'class="{kind}" (?:cx|x1)="([-\d.]+)"', drawing)]


def test_a_strip_has_a_dot_for_each_pair_and_lies_within_its_frame():
    for verdict in verdicts():
        drawing = strip(verdict)
        assert len(places(drawing, "seed")) == 10
        assert len(places(drawing, "effect")) == 1
        numbers = [float(x) for x in re.findall(r'(?:cx|x|x1|x2)="([-\d.]+)"', drawing)]
        assert 0 <= min(numbers) <= max(numbers) <= 640


def test_a_lower_effect_lies_left_of_none():
    drawing = strip(verdicts()[0])
    assert places(drawing, "effect") < places(drawing, "null")


def test_a_strip_leaves_out_pairs_of_which_a_run_failed():
    assert len(places(strip(verdicts(fail={("baseline", 3), ("batch norm", 4)})[1]), "seed")) == 8


def test_a_claim_without_runs_has_no_strip():
    everything = {(cell, seed) for cell in ("baseline", "batch norm", "layer norm") for seed in range(10)}
    assert {strip(verdict) for verdict in verdicts(skip=everything)} == {""}


def test_an_effect_is_a_ratio_or_in_points_and_an_open_interval_says_so():
    epochs, loss, accuracy = verdicts(fail={("baseline", 3), ("baseline", 5)})
    assert re.fullmatch(r"× 0\.\d+", effect(epochs))
    assert interval(epochs).startswith("at most × 0.")
    assert interval(loss).startswith("at most × ")
    assert re.fullmatch(r"\+0\.\d\d points", effect(accuracy))
    assert re.fullmatch(r"\+0\.\d\d to \+0\.\d\d points", interval(accuracy))
    ece = accuracy.model_copy(update={"metric": "val_ece", "effect": -0.00001})
    assert effect(ece) == "0"
    assert effect(ece.model_copy(update={"effect": None})) == "–"
