import pytest
from support.screens import ThemedApp, until

from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.lab.summary import summarize
from normlab.tui.widgets.summary import ModelSummary, layer_rows, one_line

BASE = Experiment()


class Host(ThemedApp):
    def compose(self):
        yield ModelSummary()

    @property
    def summary(self):
        return self.query_one(ModelSummary)


def test_one_line_says_what_there_is_room_for():
    found = summarize(BASE)
    full = "3 layers · 26,122 parameters · 3.7 MiB · 1,258 train / 539 val · 20 steps an epoch"
    assert one_line(found, 100) == full
    assert one_line(found, 80) == full.rsplit(" · ", 1)[0]
    assert one_line(found, 40) == "3 layers · 26,122 parameters · 3.7 MiB"
    assert one_line(found, 3) == "3 layers"


def test_layers_that_do_nothing_are_left_out_and_the_others_named_by_their_kind():
    found = summarize(change(BASE, {"model.norm.kind": "rms", "model.hidden": [32]}))
    assert list(layer_rows(found)) == [
        ("flatten", "flatten", "1×8×8 → 64", ""),
        ("blocks.0.linear", "linear", "64 → 32", "2,080"),
        ("blocks.0.norm", "rms norm", "32", "32"),
        ("blocks.0.activation", "relu", "32", ""),
        ("head", "linear", "32 → 10", "330"),
    ]


def test_a_long_plan_is_folded_in_the_middle():
    rows = list(layer_rows(summarize(change(BASE, {"model.hidden": [8] * 5_000}))))
    assert len(rows) == 10
    assert rows[6] == ("…", "9,993 more", "", "")
    assert rows[-1][0] == "head"


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(80, 24), (46, 36)])
async def test_it_opens_by_key_and_by_mouse_and_never_leaves_its_width(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        assert "no model" in app.summary.render().plain
        app.summary.show(summarize(change(BASE, {"model.kind": "resnet18", "model.norm.kind": "group"})))
        await until(pilot, lambda: app.summary.size.height == 1)
        app.summary.focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.summary.size.height > 8)
        lines = app.summary.render().plain.split("\n")
        assert "conv" in "\n".join(lines)
        assert all(len(line) <= app.summary.size.width for line in lines)
        await pilot.click(ModelSummary)
        await until(pilot, lambda: app.summary.size.height == 1)


@pytest.mark.asyncio
async def test_settings_without_a_model_show_none():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.summary.expanded = True
        app.summary.show(summarize(BASE))
        await until(pilot, lambda: app.summary.size.height > 1)
        app.summary.show(None)
        await until(pilot, lambda: app.summary.size.height == 1)
