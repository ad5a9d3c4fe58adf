from normlab.views.marks import MARKS, mark_of


def test_every_font_has_the_marks():
    assert "".join(MARKS).isascii()
    assert len(set(MARKS)) == 8


def test_64_runs_differ_in_hue_or_mark():
    assert len({(hue % 8, mark_of(hue)) for hue in range(64)}) == 64
