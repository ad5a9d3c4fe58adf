import io
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from PIL import Image

from normlab.exports.page import write_html

pytest.importorskip("matplotlib")
CHROMIUM = shutil.which("chromium")


class Reader(HTMLParser):
    def __init__(self, raw):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        self.feed(raw.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


def test_page_holds_curves_settings_results_environment_and_notes(pair):
    page = Reader(write_html(pair))
    text = "\n".join(page.texts)
    assert page.tags.count("figure") == page.tags.count("svg") == 4
    for word in ("baseline", "batch norm", "model.norm", "val_loss (", "2.15.0", "First.\nSecond.", "paper"):
        assert word in text
    assert "model.activation.kind" in text  # equal in both


def test_page_asks_for_nothing_from_elsewhere(pair):
    page = Reader(write_html(pair))
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {*page.tags}
    links = [value for name, value in page.attributes if name in ("href", "src", "xlink:href", "action")]
    assert all(link.startswith("#") for link in links)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert b"default-src 'none'" in write_html(pair)


def test_names_notes_and_reasons_are_text(odd):
    raw = write_html([odd])
    assert "script" not in Reader(raw).tags
    assert b"\x1b" not in raw
    assert "owned" in raw.decode()


def test_ids_of_drawings_are_apart(pair):
    ids = [value for name, value in Reader(write_html(pair)).attributes if name == "id"]
    used = {value[1:] for name, value in Reader(write_html(pair)).attributes if name == "xlink:href"}
    assert used <= {*ids}
    shared = {id for id in ids if ids.count(id) > 1}
    assert not shared & used


def test_runs_without_points_have_a_page(scripted):
    assert "figure" not in Reader(write_html([scripted([])])).tags


def words(exhibits):
    return " ".join(" ".join(Reader(write_html(exhibits)).texts).split())


def test_page_tells_what_is_not_compared_and_where_weights_came_from(scripted):
    other = scripted([0.4], "two", {"dataset.kind": "moons"}, arm="moons", origin="one:best")
    text = words([scripted([0.5], "one"), other])
    assert "moons not compared: dataset differs" in text
    assert text.count("one:best") == 2
    assert "origin" not in words([scripted([0.5], "one")])


def test_page_of_seeds_and_of_a_run_under_way(scripted):
    runs = [scripted([0.5 + seed], f"run{seed}", {"seed": seed}) for seed in range(3)]
    text = words([*runs, scripted([0.3], "now", {"optimizer.lr": 0.01}, outcome=None, finished=None)])
    assert "baseline · 3 seeds" in text
    assert "1.5000 ± 1.0000" in text
    assert "baseline · lr = 0.01" in text
    assert "under way" in text
    assert "−1.2000" in words([scripted([1.5], "a"), scripted([0.3], "b", {"optimizer.lr": 0.1})])


def test_a_warning_is_told_once_with_its_runs(scripted):
    runs = [scripted([0.5], f"run{seed}", {"seed": seed}) for seed in range(3)]
    for run in runs:
        run.history.warnings.append("Watch out.")
    text = words(runs)
    assert text.count("Watch out.") == 1
    assert "run0 baseline, run1 baseline, run2 baseline Watch out." in text


def test_tags_have_a_column_only_where_a_run_has_some(pair, scripted):
    assert "tags" in words(pair)
    assert "tags" not in words([scripted([0.5])])


def browse(tmp_path, raw, *options):
    file = tmp_path / "page.html"
    file.write_bytes(raw)
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    done = subprocess.run([*command, *options, file.as_uri()], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_nothing_runs_in_a_browser(tmp_path, odd):
    page = browse(tmp_path, write_html([odd]), "--dump-dom")
    assert "<title>=HYPERLINK" in page
    assert "<svg" in page


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize(
    ("scheme", "ground"), [(1, (251, 250, 247)), (0, (17, 21, 28))], ids=["light", "dark"]
)
def test_page_is_light_or_dark_as_its_reader_likes(tmp_path, pair, scheme, ground):
    picture = tmp_path / "page.png"
    browse(
        tmp_path, write_html(pair), f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}",
        "--window-size=1200,1600",
    )  # fmt: skip
    with Image.open(io.BytesIO(picture.read_bytes())) as image:
        assert image.convert("RGB").getpixel((5, 5)) == ground
        assert len(image.convert("RGB").getcolors(2**24)) > 100
