import re
from math import inf

import pytest
from support.study_boards import PRESET, board

from normlab.core import places as folders
from normlab.exports.study_blocks import Bullets, Code, Paragraph, Table, code, plain
from normlab.exports.study_effect import claimed, effect, interval, levelled
from normlab.exports.study_markdown import bullets, inline, table
from normlab.exports.study_panels import grid_bands, grid_panels
from normlab.exports.study_prose import prose
from normlab.exports.study_repeat import whole_tree
from normlab.exports.study_setup import setup
from normlab.exports.study_strip import strip
from normlab.lab.presets import load_preset_file, parse_preset
from normlab.lab.settings import leaves
from normlab.lab.toml import parse_toml, update_toml


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


def test_where_a_run_failed_in_the_middle_pair_there_is_no_effect():
    *_, accuracy = verdicts(fail={("layer norm", seed) for seed in range(10)})
    assert effect(accuracy) == interval(accuracy) == levelled(accuracy) == "–"
    failed = accuracy.model_copy(update={"effect": inf, "interval": (inf, inf)})
    assert effect(failed) == interval(failed) == "–"
    loss = failed.model_copy(update={"scale": "ratio", "effect": inf, "interval": (0.0, 0.0)})
    assert effect(loss) == interval(loss) == "–"


def test_the_level_stands_with_each_interval():
    epochs, _, accuracy = verdicts()
    assert levelled(epochs).endswith(" (95 %)")
    assert levelled(accuracy).endswith(" points (90 %)")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "lower by 10 % or more"),
        ({"direction": "equal"}, "equal within 10 %"),
        ({"metric": "val_accuracy", "margin": 0.01, "direction": "higher"}, "higher by 1 point or more"),
        ({"metric": "diverged", "margin": 0.3}, "lower by 30 points or more"),
        ({"metric": "val_ece", "margin": 0.02}, "lower by 0.02 or more"),
        ({"margin": 0.0}, "lower"),
    ],
)
def test_a_claim_says_which_way_and_how_far(change, told):
    claim = parse_preset(PRESET, "x").claims[0].model_copy(update=change)
    assert claimed(claim) == told


KINDS = (
    PRESET.replace("epochs = 20", "epochs = 20\nclip_norm = 1.0\nearly_stopping = { patience = 3 }")
    .replace("seeds = 10", 'seeds = 2\ngrid = { "optimizer.lr" = [0.1, 0.2] }')
    .replace(', "optimizer.lr" = 0.05', ', "optimizer.kind" = "adam", "training.clip_norm" = "none"')
    .replace('metric = "epochs_to"', 'metric = "reached"')
)
SHIPPED = sorted(folders.shipped_presets().glob("*.toml"))


@pytest.mark.parametrize("path", [None, *SHIPPED], ids=lambda path: path and path.stem)
def test_a_preset_in_full_asks_for_the_same_study_and_leaves_nothing_to_defaults(path):
    preset = load_preset_file(path) if path else parse_preset(KINDS, "x")
    text = update_toml("", whole_tree(preset))
    again = parse_preset(text, "x")
    assert again.experiment == preset.experiment
    assert again.cells == preset.cells
    assert (again.study, again.claims, again.title) == (preset.study, preset.claims, preset.title)
    written = dict(flat(parse_toml(text)["experiment"]))
    assert written.keys() == {path for path, value in leaves(preset.experiment) if value is not None}


def flat(tree, path=""):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def test_an_arm_of_another_kind_is_written_in_full():
    batch, layer = whole_tree(parse_preset(KINDS, "x"))["arms"]
    assert {"model.norm.kind", "model.norm.eps", "model.norm.momentum"} <= batch["set"].keys()
    assert {"optimizer.beta1", "optimizer.eps"} & layer["set"].keys()
    assert layer["set"]["training.clip_norm"] == "none"
    assert "optimizer.lr" not in layer["set"], "the grid moves it"


def test_the_set_up_names_what_is_left_at_its_default_too():
    preset = parse_preset(KINDS.replace("lr = 0.1\n", "").replace("epochs = 20\n", ""), "x")
    first, *_ = setup(preset)
    told = {words(row[0]): words(row[1]) for row in first.rows}
    assert told["optimizer"] == "sgd (lr = 0.1)"
    assert told["training"] == "epochs = 10, batch_size = 64, clip_norm = 1.0"
    assert told["training.early_stopping"] == "patience = 3"


def test_numbers_on_a_grid_are_joined_by_size_and_categories_not_at_all():
    pytest.importorskip("matplotlib")
    from normlab.exports.study_curves import draw_grid

    text = KINDS.replace("seeds = 2", "seeds = 6").replace("epochs = 20", "epochs = 4")
    numbers = board(text.replace("[0.1, 0.2]", "[0.3, 0.05, 0.1]"))
    kinds = board(
        text.replace('"optimizer.lr" = [0.1, 0.2]', '"model.activation.kind" = ["relu", "tanh", "gelu"]')
    )
    (line, *_), (points, *_) = grid_panels(numbers), grid_panels(kinds)
    assert line.values == ["0.05", "0.1", "0.3"]
    assert points.values == ["relu", "tanh", "gelu"]
    assert "FillBetween" in draw_grid(numbers, line, "x")
    drawn = draw_grid(kinds, points, "x")
    assert "FillBetween" not in drawn
    assert drawn.count("LineCollection") == 3


def test_a_share_of_runs_has_an_interval():
    text = KINDS.replace("[0.1, 0.2]", "[0.05, 0.1, 0.3]").replace("seeds = 2", "seeds = 10")
    made = board(text, rates={f"baseline · lr = {lr}": 0.001 for lr in (0.05, 0.1, 0.3)})
    panel = next(each for each in grid_panels(made) if each.measure.metric == "reached")
    never, always, *_ = grid_bands(made, panel).values()
    assert (never.median[0], never.low[0], round(never.high[0], 4)) == (0.0, 0.0, 0.3085)
    assert (always.median[0], round(always.low[0], 4), always.high[0]) == (1.0, 0.6915, 1.0)
