"""The form: settings are changed by keys and by the mouse."""

from itertools import pairwise

import pytest
from support.form import BASE, FormApp, go
from support.screens import NARROW, SIZES, WIDE, text_of, until
from textual.widgets import OptionList

from normlab.core.errors import Problem
from normlab.lab.settings import change
from normlab.tui.screens.choose import Choose
from normlab.tui.widgets.field_row import VALUE_COLUMN


@pytest.mark.asyncio
async def test_left_and_right_step_numbers_choices_flags_and_kinds():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.batch_size")
        await pilot.press("right")
        assert app.draft.experiment.training.batch_size == 128
        await pilot.press("shift+left")
        assert app.draft.experiment.training.batch_size == 16
        await go(pilot, "training.order")
        await pilot.press("right")
        assert app.draft.experiment.training.order == "fixed"
        await go(pilot, "model.bias")
        await pilot.press("left")
        assert app.draft.experiment.model.bias is False
        await go(pilot, "model.norm.kind")
        await pilot.press("right")
        assert app.draft.experiment.model.norm.kind == "batch"
        assert app.posted
        assert app.shown("model.norm.kind").startswith("●")
        assert app.shown("model.init.kind").startswith(" ")


def placed(form):
    """The rows as they stand on the screen."""
    return [child for child in form.children if child in form.rows.values()]


@pytest.mark.asyncio
async def test_another_kind_swaps_its_own_rows_and_leaves_the_others():
    app = FormApp(change(BASE, {"optimizer.lr": 0.05}))
    async with app.run_test(size=WIDE) as pilot:
        before = dict(app.form.rows)
        await go(pilot, "optimizer.kind")
        app.draft.change("optimizer.kind", "sgd")
        app.form.refresh_form()
        await until(pilot, lambda: placed(app.form) == list(app.form.rows.values()))
        assert "optimizer.beta1" not in app.form.rows
        assert "optimizer.momentum" in app.form.rows
        assert all(app.form.rows[path] is before[path] for path in app.form.rows if path in before)
        assert app.value("optimizer.lr") == 0.05
        assert app.form.row is before["optimizer.kind"]


@pytest.mark.asyncio
async def test_rows_stand_in_order_after_any_change_of_kinds():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        for path in ("model.kind", "dataset.kind", "model.norm.kind", "schedule.kind", "optimizer.kind"):
            await go(pilot, path)
            for _ in range(3):
                await pilot.press("right")
                await until(pilot, lambda: [row.row.path for row in placed(app.form)] == list(app.form.rows))
                assert [row.path for row in app.draft.rows()] == list(app.form.rows)
                await until(
                    pilot, lambda: all(a.region.y < b.region.y for a, b in pairwise(placed(app.form)))
                )


@pytest.mark.asyncio
async def test_enter_opens_the_kinds_with_what_each_is():
    app = FormApp()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, "model.norm.kind")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert app.screen.query_one(OptionList).option_count == 8
        await until(pilot, lambda: "Normalize each channel over the batch" in text_of(app))
        await pilot.press(*"layer", "enter")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert app.draft.experiment.model.norm.kind == "layer"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert app.draft.experiment.model.norm.kind == "layer"


@pytest.mark.asyncio
async def test_none_can_be_chosen_where_it_is_allowed():
    app = FormApp(change(BASE, {"training.best_metric": "val_accuracy"}))
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, "training.best_metric")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"none", "enter")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert app.draft.experiment.training.best_metric is None


@pytest.mark.asyncio
async def test_enter_toggles_a_flag_and_an_optional_record():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "model.bias")
        await pilot.press("enter")
        assert app.draft.experiment.model.bias is False
        await go(pilot, "training.early_stopping")
        await pilot.press("enter")
        assert app.draft.experiment.training.early_stopping is not None
        await pilot.press("down", "down", "down", "right")
        assert app.draft.experiment.training.early_stopping.patience == 4
        await go(pilot, "training.early_stopping")
        await pilot.press("enter")
        assert app.draft.experiment.training.early_stopping is None
        assert "training.early_stopping.patience" not in app.form.rows


@pytest.mark.asyncio
async def test_backspace_sets_the_default():
    app = FormApp(change(BASE, {"training.clip_norm": 2.0, "training.epochs": 30}))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.clip_norm")
        await pilot.press("backspace")
        await go(pilot, "training.epochs")
        await pilot.press("delete")
        assert app.draft.experiment == BASE


@pytest.mark.asyncio
async def test_undo_redo_and_back_to_the_baseline():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.epochs")
        await pilot.press("right", "right")
        await go(pilot, "model.norm.kind")
        await pilot.press("right")
        await pilot.press("u")
        assert app.value("model.norm.kind") == "none"
        await pilot.press("u")
        assert app.draft.experiment == BASE
        await pilot.press("U", "U")
        assert app.value("model.norm.kind") == "batch"
        assert app.value("training.epochs") == 12
        await pilot.press("b")
        assert app.value("model.norm.kind") == "none"
        assert app.value("training.epochs") == 12
        await pilot.press("B")
        assert app.draft.experiment == BASE


async def click(pilot, path, x):
    app, form, row = pilot.app, pilot.app.form, pilot.app.form.rows[path]

    def stands():
        """Else it may be scrolled, or pushed down by what the check tells, under the mouse."""
        scrolls = app.animator.is_being_animated(form, "scroll_y")
        return form.draft.checked and form.region.contains_region(row.region) and not scrolls

    await go(pilot, path)
    await until(pilot, stands)
    await pilot.click(row, offset=(x, 0))
    await pilot.pause()


@pytest.mark.asyncio
@SIZES
async def test_a_click_on_a_value_changes_it_and_on_a_name_only_goes_there(size):
    app = FormApp()
    async with app.run_test(size=size) as pilot:
        await click(pilot, "model.bias", 5)
        assert app.draft.experiment.model.bias is True
        assert app.form.last == "model.bias"
        await click(pilot, "model.bias", VALUE_COLUMN)
        await until(pilot, lambda: app.draft.experiment.model.bias is False)
        await click(pilot, "training.epochs", VALUE_COLUMN)
        await until(pilot, lambda: app.form.rows["training.epochs"].editor is not None)
        editor = app.form.rows["training.epochs"].editor
        await until(pilot, lambda: app.screen.focused is editor)
        await pilot.click(editor, offset=(1, 0))
        assert app.form.rows["training.epochs"].editor is editor
        await click(pilot, "model.kind", VALUE_COLUMN + 1)
        await until(pilot, lambda: isinstance(app.screen, Choose))


@pytest.mark.asyncio
async def test_a_click_on_what_is_wrong_changes_nothing():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        app.draft.accept(app.draft.version, [Problem("model.bias", "is wrong")])
        app.form.show_rows()
        await go(pilot, "model.bias")
        await pilot.pause()
        row = app.form.rows["model.bias"]
        assert row.size.height == 2
        await pilot.click(row, offset=(VALUE_COLUMN, 1))
        assert app.draft.experiment == BASE
        await pilot.click(row, offset=(VALUE_COLUMN, 0))
        assert app.value("model.bias") is False


@pytest.mark.asyncio
async def test_a_click_counts_though_the_warning_above_folds_under_the_mouse():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        odd = Problem("model.hidden", "is odd " * 15, warning=True)
        app.draft.accept(app.draft.version, [odd])
        app.form.show_rows()
        await go(pilot, "model.hidden")
        await pilot.pause()
        row = app.form.rows["model.bias"]
        before = row.region.y
        await pilot.click(row, offset=(VALUE_COLUMN, 0))
        await pilot.pause()
        assert row.region.y < before
        assert app.draft.experiment == change(BASE, {"model.bias": False})


@pytest.mark.asyncio
async def test_undo_brings_the_form_back_that_another_experiment_took_the_place_of():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.epochs")
        await pilot.press("right")
        app.draft.load(change(BASE, {"model.norm.kind": "layer"}))
        app.form.refresh_form()
        await pilot.pause()
        assert not app.shown("model.norm.kind").startswith("●")
        await pilot.press("u")
        assert app.draft.experiment == change(BASE, {"training.epochs": 11})
        assert app.shown("training.epochs").startswith("●")


@pytest.mark.asyncio
async def test_a_row_that_advice_pushes_down_stays_in_sight():
    app = FormApp()
    async with app.run_test(size=(80, 16)) as pilot:
        await go(pilot, "model.norm.kind")
        form, row = app.form, app.form.rows["model.norm.kind"]
        await until(pilot, lambda: form.draft.checked and form.region.contains_region(row.region))
        # As far down as it can be and still be seen, so that one line more in front of it hides it.
        form.scroll_to(y=form.scroll_y - (form.region.bottom - row.region.bottom), animate=False, force=True)
        await until(pilot, lambda: row.region.bottom == form.region.bottom)
        before = form.scroll_y
        await pilot.press("right")
        await until(pilot, lambda: form.draft.checked and form.scroll_y == before + 1)
        assert form.region.contains_region(row.region)
