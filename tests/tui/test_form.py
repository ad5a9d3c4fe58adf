"""The form: what is shown, and moving in it."""

import pytest
from support.form import BASE, FormApp, go
from support.screens import NARROW, SIZES, WIDE, text_of, until

from normlab.components.models.mlp import MLP
from normlab.lab.setting_text import show_text
from normlab.lab.settings import change
from normlab.tui.screens.choose import Choose
from normlab.tui.widgets.field_row import VALUE_COLUMN
from normlab.tui.widgets.form import ExperimentForm


@pytest.mark.asyncio
@SIZES
async def test_every_setting_of_the_draft_is_a_row_in_its_order(size):
    app = FormApp(change(BASE, {"model.norm.kind": "group", "training.early_stopping.patience": 4}))
    async with app.run_test(size=size):
        rows = list(app.draft.rows())
        assert list(app.form.rows) == [row.path for row in rows]
        for row in rows:
            assert row.field.name in app.shown(row.path) or row.is_kind or not row.section


@pytest.mark.asyncio
@SIZES
async def test_labels_never_touch_values_and_lines_fit(size):
    settings = {"model.norm.kind": "instance", "model.hidden": list(range(1, 200)), "dataset.kind": "file"}
    app = FormApp(change(BASE, settings))
    async with app.run_test(size=size) as pilot:
        for path, row in app.form.rows.items():
            await go(pilot, path)
            first = row.render().plain.split("\n")[0]
            assert first[VALUE_COLUMN - 3] == " "
            assert len(first) <= row.size.width
        assert "…" in app.shown("model.hidden")
        assert "track_running_st" in app.shown("model.norm.track_running_stats")


@pytest.mark.asyncio
async def test_the_default_stands_dim_and_the_focused_row_tells_its_bounds():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.batch_size")
        assert "‹ 64 ›  ≥ 1 or full" in app.shown("training.batch_size")
        assert "none" in app.shown("training.clip_norm")
        assert "≥" not in app.shown("training.epochs")
        await go(pilot, "training.order")
        assert "1 of 3" in app.shown("training.order")


@pytest.mark.asyncio
async def test_every_value_is_shown_as_it_would_be_typed():
    app = FormApp()
    async with app.run_test(size=WIDE):
        for row in app.draft.rows():
            if not isinstance(row.value, bool):
                assert show_text(row.value) in app.shown(row.path)


@pytest.mark.asyncio
async def test_a_loaded_experiment_is_shown():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        app.draft.load(change(BASE, {"dataset.kind": "circles", "training.epochs": 77}), BASE)
        app.form.refresh_form()
        await pilot.pause()
        assert "circles" in app.shown("dataset.kind")
        assert app.shown("training.epochs").startswith("●")


@pytest.mark.asyncio
@SIZES
async def test_help_of_the_focused_setting_is_shown(size):
    app = FormApp()
    async with app.run_test(size=size) as pilot:
        await go(pilot, "optimizer.lr")
        assert "Peak learning rate" in app.form.help_text
        assert "Takes a number from 0" in app.form.help_text
        assert "Peak learning rate" in text_of(app)
        await go(pilot, "model.kind")
        assert app.form.help_text == MLP.__doc__.split("\n")[0]


@pytest.mark.asyncio
async def test_the_row_in_focus_is_never_hidden():
    app = FormApp()
    async with app.run_test(size=NARROW) as pilot:
        for path in app.form.rows:
            await go(pilot, path)
            row = app.form.rows[path]
            await until(pilot, lambda row=row: app.form.region.contains_region(row.region))


# Moving.


@pytest.mark.asyncio
async def test_up_and_down_go_through_all_rows_and_stop_at_the_ends():
    app = FormApp()
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("down", "down", "up")
        assert app.form.last == list(app.form.rows)[1]
        await pilot.press("end")
        assert app.form.last == "seed"
        await pilot.press("down")
        assert app.form.last == "seed"
        await pilot.press("home", "up")
        assert app.form.last == "dataset.kind"
        await pilot.press("tab")
        assert app.form.last == list(app.form.rows)[1]
        await pilot.press("shift+tab")
        assert app.form.last == "dataset.kind"


@pytest.mark.asyncio
async def test_page_keys_go_from_part_to_part():
    app = FormApp(change(BASE, {"training.early_stopping.patience": 4}))
    async with app.run_test(size=NARROW) as pilot:
        visited = [app.form.last]
        for _ in range(20):
            await pilot.press("pagedown")
            visited.append(app.form.last)
        parts = [path for path, row in app.form.rows.items() if row.row.is_kind]
        assert list(dict.fromkeys(visited)) == [*parts, "training.epochs", "seed"]
        await pilot.press("pageup", "pageup")
        assert app.form.last == "schedule.kind"


@pytest.mark.asyncio
async def test_find_goes_to_a_setting_by_its_name():
    app = FormApp()
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"optimizer.lr", "enter")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert app.form.last == "optimizer.lr"
        assert app.form.row is app.form.rows["optimizer.lr"]


@pytest.mark.asyncio
async def test_when_the_focused_row_goes_its_neighbour_gets_the_focus():
    app = FormApp(change(BASE, {"model.norm.kind": "group"}))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "model.norm.affine")
        app.draft.change("model.norm.kind", "none")
        app.form.refresh_form()
        await until(pilot, lambda: app.form.row is not None and app.form.row.is_mounted)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("model.norm.groups", "norms.group"),
        ("model.norm.kind", "norms.group"),
        ("optimizer.lr", "optimizers.adam"),
        ("model.bias", "models.mlp"),
        ("training.epochs", "training"),
        ("seed", "seed"),
    ],
)
async def test_help_is_asked_for_by_topic(path, topic):
    app = FormApp(change(BASE, {"model.norm.kind": "group"}))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, path)
        await pilot.press("h")
        await until(pilot, lambda: any(isinstance(event, ExperimentForm.HelpWanted) for event in app.posted))
        asked = [event.topic for event in app.posted if isinstance(event, ExperimentForm.HelpWanted)]
        assert asked == [topic]
