import io
import math
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image

from normlab.exports import figures, panel
from normlab.exports.exhibit import by_arm
from normlab.tui.themes import PALETTES
from normlab.views.curves import LOSS

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("matplotlib.figure")


def colors(raw):
    with Image.open(io.BytesIO(raw)) as image:
        return {color for _, color in image.convert("RGB").getcolors(2**24)}


def rgb(hue):
    return tuple(bytes.fromhex(hue[1:]))


def test_a_picture_shows_each_arm_in_its_hue(pair):
    found = colors(figures.write_png(pair))
    assert {rgb(hue) for hue in panel.HUES[:2]} <= found
    assert rgb(panel.HUES[2]) not in found


def test_a_drawing_is_whole_and_the_same_each_time(pair):
    raw = figures.write_svg(pair)
    assert ElementTree.fromstring(raw).tag == "{http://www.w3.org/2000/svg}svg"
    assert figures.write_svg(pair) == raw


def test_hues_are_those_of_the_lab():
    assert PALETTES["colour-blind-light"].hues == panel.HUES
    assert PALETTES["colour-blind-dark"].hues == panel.HUES_ON_DARK


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
    looks = {(panel.HUES[i % 8], panel.marker_of(i)) for i in range(64)}
    assert len(looks) == 64


def test_long_curves_are_drawn_from_few_points(scripted):
    short = len(figures.write_svg([scripted([1 / (1 + i) for i in range(1000)])]))
    long = len(figures.write_svg([scripted([1 / (1 + i) for i in range(20_000)])]))
    assert long < 1.5 * short


def legend(exhibits):
    """Give the texts of a picture's legend; a drawing keeps letters as comments."""
    return re.findall("<!-- (.*?) -->", figures.write_svg(exhibits).decode())


def test_only_signs_that_occur_are_named(pair, scripted):
    assert {"training", "best"} <= {*legend(pair)}
    assert not {"diverged", "one seed"} & {*legend(pair)}
    broken = scripted([0.5, math.nan])
    broken.history.outcome = "diverged"
    assert "diverged" in legend([broken])


def test_a_seed_is_thin_and_their_mean_has_the_markers(scripted):
    runs = [scripted([0.5 + seed, 0.25], f"run{seed}", {"seed": seed}) for seed in range(3)]
    axes = matplotlib.figure.Figure().add_subplot()
    shown = panel.draw(axes, by_arm(runs), LOSS)
    thick = [line for line in axes.lines if line.get_linewidth() > 1]
    thin = [line for line in axes.lines if line.get_linewidth() < 1]
    assert [list(line.get_ydata()) for line in thick] == [[1.5, 0.25]]
    assert [list(line.get_ydata()) for line in thin] == [[0.5, 0.25], [1.5, 0.25], [2.5, 0.25]]
    assert {line.get_marker() for line in thin} == {"None"}
    assert shown == {"one seed", "training"}


def test_training_is_dashed_with_validation_or_without(pair, train):
    alone = train("noval1", {"dataset.val_fraction": 0.0})
    for exhibit in (pair[0], alone):
        axes = matplotlib.figure.Figure().add_subplot()
        panel.draw(axes, by_arm([exhibit]), LOSS)
        assert axes.lines[0].get_linestyle() == "--"
    assert "best" not in legend([alone])


def test_what_is_not_compared_is_told(scripted):
    runs = [scripted([1.0, 0.5], "one"), scripted([1.0, 0.5], "two", {"dataset.kind": "moons"}, arm="moons")]
    assert "moons (not compared: dataset differs)" in legend(runs)


def test_long_names_stay_in_the_picture(scripted):
    runs = [scripted([1.0], f"r{i}", {"optimizer.lr": (i + 1) / 10}, name="W" * 76) for i in range(5)]
    with Image.open(io.BytesIO(figures.write_png(runs))) as image:
        names = image.convert("RGB").crop((image.width - 4, image.height - 150, image.width, image.height))
        assert names.getcolors() == [(4 * 150, (255, 255, 255))]
    told = [text for text in legend(runs) if "WWW" in text]
    assert [text.rpartition(" · ")[2] for text in told[1:]] == [f"lr = 0.{i}" for i in (2, 3, 4, 5)]


@pytest.mark.slow
def test_a_wrong_backend_or_a_place_that_cannot_be_written_says_nothing(tmp_path):
    (tmp_path / "matplotlibrc").write_text("no.such: 1\n")
    code = "from normlab.exports.figures import plain_matplotlib\nwith plain_matplotlib():\n"
    code += "  from matplotlib.figure import Figure\n  Figure().savefig('x.png')"
    env = {**os.environ, "MPLBACKEND": "nonsense", "MPLCONFIGDIR": "/proc/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
