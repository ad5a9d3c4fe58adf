"""The form: values and paths are typed."""

import asyncio

import pytest
from support.form import BASE, FormApp, go
from support.screens import SIZES, WIDE, text_of, until
from textual.events import Key, Paste

from normlab.lab.settings import change
from normlab.tui.widgets import value_input
from normlab.tui.widgets.field_row import VALUE_COLUMN
from normlab.tui.widgets.value_input import complete_path

HOSTILE = "[@click=app.quit]x[/] \x1b[31m\u202eevil.csv"


@pytest.mark.asyncio
@SIZES
async def test_a_digit_begins_to_type_and_enter_goes_on(size):
    app = FormApp()
    async with app.run_test(size=size) as pilot:
        await go(pilot, "training.epochs")
        await pilot.press("2", "5")
        assert app.draft.experiment.training.epochs == 25
        await pilot.press("enter")
        await until(pilot, lambda: app.form.rows["training.epochs"].editor is None)
        assert app.form.last == "training.steps"
        assert "25" in app.shown("training.epochs")
        await pilot.press("u")
        assert app.draft.experiment == BASE


@pytest.mark.asyncio
async def test_enter_opens_what_stands_there_and_only_changes_count():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "model.hidden")
        version = app.draft.version
        await pilot.press("enter")
        row = app.form.rows["model.hidden"]
        assert row.editor.value == "128, 128"
        await until(pilot, lambda: row.editor.region.x == row.region.x + VALUE_COLUMN)
        assert app.draft.version == version
        await pilot.press(*", 64", "enter")
        assert app.draft.experiment.model.hidden == (128, 128, 64)


@pytest.mark.asyncio
async def test_errors_are_told_while_one_types_and_stay_until_mended():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "dataset.val_fraction")
        row = app.form.rows["dataset.val_fraction"]
        await pilot.press("2")
        await until(pilot, lambda: row.size.height == 2)
        assert "must be a number at least 0 and below 1" in app.shown("dataset.val_fraction")
        assert app.draft.refusals
        await pilot.press("enter")
        assert row.editor is not None
        await pilot.press("backspace", ".", "4")
        await until(pilot, lambda: row.size.height == 1)
        await pilot.press("enter")
        assert app.draft.experiment.dataset.val_fraction == 0.4


@pytest.mark.asyncio
async def test_escape_puts_back_what_stood_there():
    app = FormApp(change(BASE, {"optimizer.lr": 0.05}))
    async with app.run_test(size=WIDE) as pilot:
        for path in ("optimizer.lr", "training.epochs"):
            await go(pilot, path)
            await pilot.press("7", "x", "escape")
            await until(pilot, lambda path=path: app.form.rows[path].editor is None)
            assert app.draft.experiment == change(BASE, {"optimizer.lr": 0.05})
            assert app.form.row.row.path == path
        assert not app.draft.undo()


def post(app, *keys):
    """Press keys without waiting for any of them."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


@pytest.mark.asyncio
@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20])
async def test_what_is_typed_fast_is_all_taken_in_and_put_back_by_escape(turns):
    app = FormApp(change(BASE, {"optimizer.lr": 0.05, "training.epochs": 40}))
    async with app.run_test(size=WIDE) as pilot:
        for path, text, value in (("optimizer.lr", "1e-3", 0.001), ("training.epochs", "2507", 2507)):
            await go(pilot, path)
            for key in text:
                post(app, key)
                for _ in range(turns):  # the loop turns so often between two keys
                    await asyncio.sleep(0)
            row = app.form.rows[path]
            await until(pilot, lambda: row.editor and row.editor.value == text)  # noqa: B023
            await pilot.pause()
            assert app.value(path) == value
            await pilot.press("escape")
            assert app.draft.experiment == change(BASE, {"optimizer.lr": 0.05, "training.epochs": 40})
        assert not app.draft.undo()


@pytest.mark.asyncio
async def test_escape_and_backspace_at_once_are_the_input_s():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.epochs")
        row = app.form.rows["training.epochs"]
        post(app, "2", "5", "0", "escape")
        await until(pilot, lambda: app.draft.version > 1 and row.editor is None)
        assert app.draft.experiment == BASE
        assert app.form.row is row
        post(app, "2", "5", "0", "backspace", "enter")
        await until(pilot, lambda: app.form.last == "training.steps")
        assert app.draft.experiment.training.epochs == 25
        await pilot.press("u")
        assert app.draft.experiment == BASE


@pytest.mark.asyncio
async def test_moving_away_keeps_what_was_typed():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.epochs")
        await pilot.press("7", "down")
        await until(pilot, lambda: app.form.rows["training.epochs"].editor is None)
        assert app.form.last == "training.steps"
        assert app.draft.experiment.training.epochs == 7
        await pilot.press("9", "tab")
        assert app.form.last == "training.evaluate_every"
        assert app.draft.experiment.training.steps == 9


@pytest.mark.asyncio
async def test_typing_goes_on_when_the_terminal_had_lost_the_focus():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.epochs")
        await pilot.press("7")
        app.app_focus = False
        await pilot.pause()
        app.app_focus = True
        await pilot.pause()
        await pilot.press("5", "enter")
        assert app.draft.experiment.training.epochs == 75


@pytest.mark.asyncio
async def test_the_last_row_takes_a_number_too():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "seed")
        await pilot.press("4", "2", "enter")
        await until(pilot, lambda: app.form.rows["seed"].editor is None)
        assert app.draft.experiment.seed == 42


@pytest.mark.asyncio
@SIZES
async def test_hostile_text_that_is_pasted_is_shown_harmlessly(size):
    app = FormApp(change(BASE, {"dataset.kind": "file"}))
    async with app.run_test(size=size) as pilot:
        await go(pilot, "dataset.path")
        await pilot.press("enter")
        app.screen.focused.post_message(Paste(HOSTILE + "\nsecond line"))
        await until(pilot, lambda: app.value("dataset.path") == "[@click=app.quit]x[/] [31mevil.csv")
        await until(pilot, lambda: app.draft.checked)
        await pilot.press("tab")
        await pilot.pause()
        text = text_of(app)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[@click=app" in text
        row = app.form.rows["dataset.path"]
        assert "is no file; check dataset.path" in " ".join(row.render().plain.split())
        row.show(row.row)
        assert app.is_running


@pytest.mark.asyncio
async def test_a_paste_begins_to_type_where_values_are_typed():
    app = FormApp(change(BASE, {"dataset.kind": "file"}))
    async with app.run_test(size=WIDE) as pilot:
        for path, pasted, value in (
            ("training.epochs", " 25\r\n30", 25),
            ("model.hidden", "64, 32", (64, 32)),
            ("dataset.path", "/tmp/\x1b[31ma.csv\n", "/tmp/[31ma.csv"),
        ):
            await go(pilot, path)
            app.post_message(Paste(pasted))
            await until(pilot, lambda: app.form.rows[path].editor)  # noqa: B023
            assert app.value(path) == value
            await pilot.press("enter")
        assert app.draft.experiment.training.epochs == 25


@pytest.mark.asyncio
async def test_a_paste_changes_no_choice_and_one_of_nothing_changes_nothing():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        for path, pasted in (
            ("model.norm.kind", "batch"),
            ("training.order", "fixed"),
            ("model.bias", "false"),
            ("training.epochs", " \n"),
        ):
            await go(pilot, path)
            app.post_message(Paste(pasted))
            await pilot.pause()
            assert app.form.rows[path].editor is None
        assert app.draft.experiment == BASE


@pytest.mark.asyncio
async def test_hostile_text_from_a_preset_is_shown_harmlessly():
    app = FormApp(change(BASE, {"dataset.kind": "file"}))
    async with app.run_test(size=WIDE) as pilot:
        app.draft.change("dataset.path", HOSTILE)
        app.form.refresh_form()
        await pilot.pause()
        assert app.draft.refusals
        await go(pilot, "dataset.path")
        await pilot.press("enter")
        await pilot.pause()
        text = text_of(app)
        assert "\x1b" not in text
        assert "\u202e" not in text


# Paths.


@pytest.mark.asyncio
async def test_a_path_is_completed(tmp_path, monkeypatch):
    (tmp_path / "measurements").mkdir()
    (tmp_path / "measurements" / "iris.csv").touch()
    monkeypatch.chdir(tmp_path)
    app = FormApp(change(BASE, {"dataset.kind": "file"}))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "dataset.path")
        await pilot.press("enter", "m")
        editor = app.form.rows["dataset.path"].editor
        await until(pilot, lambda: editor._suggestion)
        await pilot.press("tab")
        assert editor.value == "measurements/"
        await until(pilot, lambda: editor._suggestion)
        await pilot.press("right")
        assert app.value("dataset.path") == "measurements/iris.csv"
        await pilot.press("tab")
        assert app.form.last == "dataset.target"


def test_completion_leaves_hidden_files_hostile_names_and_missing_folders_out(tmp_path):
    for name in ("b.csv", "a\x1b[31m.csv", ".hidden"):
        (tmp_path / name).touch()
    assert complete_path(f"{tmp_path}/") == f"{tmp_path}/b.csv"
    assert complete_path(f"{tmp_path}/a") is None
    assert complete_path(f"{tmp_path}/.h") == f"{tmp_path}/.hidden"
    assert complete_path(f"{tmp_path}/nowhere/x") is None
    assert complete_path("a\0/b") is None


def test_completion_looks_at_so_many_entries_only(tmp_path, monkeypatch):
    monkeypatch.setattr(value_input, "MAX_ENTRIES", 3)
    for index in range(10):
        (tmp_path / f"{index}.csv").touch()
    found = [f for f in range(10) if complete_path(f"{tmp_path}/{f}.")]
    assert len(found) == 3
