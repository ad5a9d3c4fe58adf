import html
import re
from html.parser import HTMLParser

import pytest
from support.study_boards import PRESET, board

from normlab.exports import study_report
from normlab.exports.formats import ExportError
from normlab.exports.study_report import export_study, write_report
from normlab.lab.presets import parse_preset

VOID = {"meta", "br", "link", "img", "input", "hr"}
HOSTILE = "<script>alert(1)</script>|[x](http://a.example)![y](//b.example)$\\frac{`@you"


class Page(HTMLParser):
    """Reads a page, and holds that every tag is closed where it should be."""

    def __init__(self, raw):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(raw.decode())
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def page(made):
    return Page(write_report(made, "html"))


def markdown(made):
    return write_report(made, "markdown").decode()


def tables(text):
    """Give a Markdown text's tables, each a list of rows of cells."""
    found = [[]]
    for line in outside_code(text).splitlines():
        if line.startswith("|"):
            found[-1].append(re.split(r"(?<!\\)\|", line)[1:-1])
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def outside_code(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def drawn():
    pytest.importorskip("matplotlib")


@pytest.fixture(params=["html", "markdown"])
def told(request):
    """Give a board's report as text, in either format."""

    def tell(made):
        raw = write_report(made, request.param)
        return Page(raw).text if request.param == "html" else raw.decode().replace("\\", "")

    return tell


def hostile():
    """Give a board whose every text means harm."""
    text = PRESET.replace("layer norm", "HOSTILE").replace("Lecture D", "HOSTILE <img src=x>")
    text = text.replace(
        "Is batch norm", "HOSTILE <b>[click](javascript:x)</b>\n\n<script>x</script>\n\n# Head"
    )
    text = text.replace("HOSTILE", HOSTILE.replace("\\", "\\\\")).replace("'''", '"""')
    made = board(text, environment={HOSTILE: f"\x1b[31m{HOSTILE}"}, fail={("baseline", 1)})
    for history in made.histories.values():
        history.reason = f"\x1b]0;title\x07{HOSTILE}\n# head"
    return made


def test_report_tells_verdicts_settings_arms_caveats_and_versions(told):
    text = told(board(fail={("baseline", 3)}))
    for word in (
        "Batch norm reaches an accuracy of 0.9 in fewer epochs", "supported", "p (Holm)", "wins",
        "hidden = [64, 32]", "model.norm: none → layer; optimizer.lr: 0.1 → 0.05", "confounded",
        "parameters: 2,338 → 2,530", "Seeds: 10 (0 to 9)", "Source: Lecture D", "2.9.0", "r02x009",
        "29 completed, 1 diverged", "best epoch is chosen on the same validation data", "Exploratory",
    ):  # fmt: skip
        assert word in text, word


def test_verdicts_come_first(told):
    text = told(board())
    order = [
        text.index(head) for head in ("Verdicts", "What to keep in mind", "The question", "Set-up", "Curves")
    ]
    assert order == sorted(order)


def test_report_alone_repeats_the_study():
    made = board()
    (command, _, preset) = re.findall(
        r"<pre><code>(.*?)</code></pre>", write_report(made, "html").decode(), re.DOTALL
    )
    assert command == "normlab --preset study-k3f9q2.toml --no-ui --jobs 2 --device cpu"
    assert parse_preset(html.unescape(preset), "x").cells == made.preset.cells
    (fenced,) = re.findall(r"^```toml\n(.*?)^```$", markdown(made), re.DOTALL | re.MULTILINE)
    assert parse_preset(fenced, "x").cells == made.preset.cells


def test_an_extended_study_and_foreign_weights_are_repeated_as_they_were():
    text = markdown(board(PRESET.replace("seeds = 10", "seeds = 20"), looks=(10, 20), origin="abc123:best"))
    assert "--from abc123:best --seeds 10\nnormlab" in text
    assert "--from abc123:best --seeds 20\n" in text
    assert "extended from 10 to 20 seeds" in text


def test_each_seed_of_each_claim_stands_in_a_table():
    found = tables(markdown(board(fail={("baseline", 3)})))
    (losses,) = [t for t in found if t[0][0].strip() == "seed" and t[2][1].strip().startswith("0.0")][:1]
    assert [row[0].strip() for row in losses[2:]] == [str(seed) for seed in range(10)]
    assert losses[5][1].strip() == "**diverged**"


def test_a_run_that_never_reaches_its_target_says_so(told):
    assert "not reached" in told(board(rates={"baseline": 0.01}))


def test_page_is_well_formed_and_asks_for_nothing_from_elsewhere():
    for made in (board(), hostile()):
        found = page(made)
        assert not {"script", "link", "img", "iframe", "object", "base", "form", "a"} & {*found.tags}
        links = [value for name, value in found.attributes if name in ("href", "src", "xlink:href", "action")]
        assert all(link.startswith("#") for link in links)
        assert not any(name.startswith("on") for name, _ in found.attributes)
    raw = write_report(hostile(), "html")
    assert b"default-src 'none'" in raw
    assert b"\x1b" not in raw
    assert b"<script" not in raw


def test_nothing_comes_alive_in_markdown():
    raw = markdown(hostile())
    text = outside_code(raw)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", raw)
    bare = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    bare = re.sub(r"</?(details|summary)>", "", bare)
    for sign in (r"<", r"\]\(", r"!\[", r"@", r"://"):
        assert not re.search(rf"(?<!\\){sign}", bare), sign
    assert "\n# Head" not in text


@pytest.mark.parametrize("make", [board, hostile], ids=["plain", "hostile"])
def test_tables_of_markdown_have_one_width_each(make):
    found = tables(markdown(make()))
    assert len(found) > 8
    for table in found:
        assert len({len(row) for row in table}) == 1
        assert set("".join(table[1])) <= set(" -:")


def test_runs_that_are_missing_are_told(told):
    text = told(board(skip={("baseline", 2), ("batch norm", 4)}))
    assert "2 still to be made" in text
    assert text.count("undecided") >= 3


def test_a_study_before_its_first_run_has_a_report(told):
    everything = {(cell, seed) for cell in ("baseline", "batch norm", "layer norm") for seed in range(10)}
    text = told(board(skip=everything))
    assert "30 still to be made" in text
    assert "normlab studies show k3f9q2" in text


def test_a_study_without_claims_shows_what_its_runs_came_to(told):
    text = told(board(PRESET.partition("[[claims]]")[0]))
    assert "makes no claim" in text
    assert "val_accuracy" in text


GRID = PRESET.replace("seeds = 10", 'seeds = 6\ngrid = { "optimizer.weight_decay" = [0.0, 0.01, 0.1] }')
GRID = GRID.replace('metric = "epochs_to"', 'metric = "reached"')


def test_a_grid_has_a_chart_over_it_and_curves_at_each_place(drawn):
    found = page(board(GRID))
    assert found.tags.count("figure") == 5
    for word in (
        "3 places of its grid",
        "optimizer.weight_decay",
        "Accuracy, weight_decay = 0.01",
        "0.0, 0.01, 0.1",
    ):
        assert word in found.text


def test_more_arms_than_can_be_told_apart_are_drawn_claim_by_claim(drawn):
    arms = "".join(f'[[arms]]\nname = "arm {i}"\nset = {{ "optimizer.lr" = 0.{i} }}\n' for i in range(2, 10))
    found = page(board(PRESET.replace("[study]", f"{arms}[study]").replace("seeds = 10", "seeds = 2")))
    assert "Accuracy, layer norm against batch norm" in found.text


def test_ids_of_drawings_are_apart(drawn):
    found = page(board(GRID)).attributes
    ids = [value for name, value in found if name == "id"]
    used = {value[1:] for name, value in found if name == "xlink:href"}
    assert used <= {*ids}
    assert not {id for id in ids if ids.count(id) > 1} & used


def test_page_without_matplotlib_tells_curves_as_numbers(monkeypatch):
    monkeypatch.setattr(study_report, "find_spec", lambda name: None)
    found = page(board())
    assert "figure" not in found.tags
    assert "val_accuracy by epoch" in found.text
    assert "pip install 'normlab[plots]'" in found.text


def test_a_diverged_run_stays_in_the_band():
    text = markdown(board(fail={("baseline", seed) for seed in range(6)}))
    curves = [table for table in tables(text) if table[0][0].strip() == "epoch"]
    assert all(table[2][-1].strip().startswith("diverged") for table in curves)
    assert not any("∞" in cell for table in curves for row in table for cell in row)


def test_a_band_may_reach_as_far_as_the_runs_that_failed():
    text = markdown(board(fail={("baseline", seed) for seed in range(4)}))
    curves = [table for table in tables(text) if table[0][0].strip() == "epoch"]
    assert [re.sub(r"[\d.]+", "N", table[2][-1].strip()) for table in curves] == [
        "N (diverged to N)", "N (N to diverged)",
    ]  # fmt: skip


def test_numbers_of_curves_are_those_that_claims_are_about():
    text = GRID.replace(
        'metric = "val_loss"', 'metric = "train_loss"\nwhere = { "optimizer.weight_decay" = 0.1 }'
    )
    heads = re.findall(r"^(\S+ by epoch.*):", markdown(board(text)).replace("\\", ""), re.MULTILINE)
    assert heads == [
        *(f"val_accuracy by epoch, weight_decay = {each}" for each in ("0.0", "0.01", "0.1")),
        "train_loss by epoch, weight_decay = 0.1",
    ]


def test_losses_of_two_kinds_are_not_compared(told):
    smooth = PRESET.replace('"model.norm.kind" = "batch"', '"loss.label_smoothing" = 0.1')
    assert "have different losses" in told(board(smooth))
    assert "have different losses" not in told(board())
    explored = next(t for t in tables(markdown(board(smooth))) if "difference" in map(str.strip, t[0]))
    losses = {row[0].strip() for row in explored[2:] if "loss" in row[1]}
    assert losses == {"layer norm"}


def test_numbers_below_0_have_a_minus_sign(told):
    (loss,) = [each for each in board().verdicts if each.metric == "val_loss"]
    assert loss.effect < 1
    text = Page(write_report(board(), "html")).text
    assert re.search(r"95 % interval −\d", text)
    assert not re.search(r"[ (]-\d", text)


@pytest.mark.parametrize("format", ["html", "markdown"])
def test_the_same_runs_give_the_same_bytes(format):
    assert write_report(board(), format) == write_report(board(), format)


def test_a_report_is_written_where_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = board()
    assert export_study(made, "markdown") == tmp_path / "study-k3f9q2.md"
    target = tmp_path / "new" / "page.html"
    assert export_study(made, "html", target) == target
    assert target.read_bytes() == write_report(made, "html")


def test_what_stands_there_is_replaced_only_on_demand(tmp_path):
    target = tmp_path / "report.md"
    target.write_text("mine")
    with pytest.raises(ExportError, match="is there already"):
        export_study(board(), "markdown", target)
    assert target.read_text() == "mine"
    export_study(board(), "markdown", target, overwrite=True)
    assert target.read_text().startswith("# Batch norm")


def test_what_can_not_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for target, rule in (
        (tmp_path, "is a folder"),
        (tmp_path / "file" / "x.md", "can't be written"),
        (tmp_path / "link", "is there already"),
    ):
        with pytest.raises(ExportError, match=rule) as caught:
            export_study(board(), "markdown", target)
        assert str(caught.value).count("\n") == 0
    with pytest.raises(ExportError, match="markdown"):
        export_study(board(), "markdwon", tmp_path / "x")


def test_what_is_claimed_is_not_explored_too(told):
    explored = next(t for t in tables(markdown(board())) if "difference" in map(str.strip, t[0]))
    rows = {(row[0].strip(), row[1].strip().replace("\\", "")) for row in explored[2:]}
    assert ("layer norm", "val_loss") in rows
    assert ("batch norm", "val_loss") not in rows
    assert "nothing was claimed of these" in told(board())


def test_a_caveat_of_several_claims_is_told_once(told):
    text = told(board(looks=(5, 10)))
    assert text.count("adjusted for the study's 3 claims") == 1
