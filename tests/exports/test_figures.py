import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from normlab.exports import figures
from normlab.tui.themes import PALETTES

matplotlib = pytest.importorskip("matplotlib")


def colors(raw):
    with Image.open(io.BytesIO(raw)) as image:
        return {color for _, color in image.convert("RGB").getcolors(2**24)}


def rgb(hue):
    return tuple(bytes.fromhex(hue[1:]))


def test_a_picture_shows_each_arm_in_its_hue(pair):
    found = colors(figures.write_png(pair))
    assert {rgb(hue) for hue in figures.HUES[:2]} <= found
    assert rgb(figures.HUES[2]) not in found


def test_a_drawing_is_whole_and_the_same_each_time(pair):
    raw = figures.write_svg(pair)
    assert ElementTree.fromstring(raw).tag == "{http://www.w3.org/2000/svg}svg"
    assert figures.write_svg(pair) == raw


def test_hues_are_those_of_the_lab():
    assert PALETTES["colour-blind-light"].hues == figures.HUES
    assert PALETTES["colour-blind-dark"].hues == figures.HUES_ON_DARK


def test_any_name_can_be_drawn(odd, scripted):
    names = ("_hidden", "$\\frac{", "日本 🙂", "a\nb", "%s {x}")
    runs = [odd, *(scripted([1.0, 0.5], f"run{i}", name=name) for i, name in enumerate(names))]
    text = figures.write_svg(runs).decode()
    assert "<script" not in text
    assert "_hidden" in text  # matplotlib leaves out labels that begin so
    assert colors(figures.write_png(runs))


def test_somebodys_matplotlibrc_changes_nothing(pair):
    before = figures.write_svg(pair)
    with matplotlib.rc_context({"text.usetex": True, "lines.linewidth": 9, "axes.facecolor": "red"}):
        assert figures.write_svg(pair) == before
        assert matplotlib.rcParams["text.usetex"]


def test_runs_without_points_are_an_empty_picture(scripted):
    assert colors(figures.write_png([scripted([])]))


def test_many_arms_share_hues_but_not_markers(scripted):
    runs = [scripted([1.0, 0.5], f"run{i}", {"optimizer.lr": 0.001 * (i + 1)}) for i in range(30)]
    assert "and 6 more" in figures.write_svg(runs).decode()
    looks = {(figures.HUES[i % 8], figures.marker_of(i)) for i in range(64)}
    assert len(looks) == 64


def test_long_curves_are_drawn_from_few_points(scripted):
    short = len(figures.write_svg([scripted([1 / (1 + i) for i in range(1000)])]))
    long = len(figures.write_svg([scripted([1 / (1 + i) for i in range(20_000)])]))
    assert long < 1.5 * short
