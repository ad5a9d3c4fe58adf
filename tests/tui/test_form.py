"""The form by its keys and by the mouse."""

import threading
from itertools import pairwise
from typing import ClassVar

import pytest
from textual.app import App
from textual.containers import Horizontal, Vertical
from textual.widgets import OptionList

from normlab.components.models.mlp import MLP
from normlab.core.errors import Problem
from normlab.lab.draft import Draft
from normlab.lab.experiment import Experiment
from normlab.lab.setting_text import show_text
from normlab.lab.settings import change
from normlab.tui.screens.choose import Choose
from normlab.tui.themes import DEFAULT, PALETTES
from normlab.tui.widgets import background_check, value_input
from normlab.tui.widgets.field_row import VALUE_COLUMN
from normlab.tui.widgets.form import ExperimentForm, FieldHelp
from normlab.tui.widgets.value_input import complete_path

BASE = Experiment()
NARROW, WIDE = (80, 24), (120, 36)
SIZES = [NARROW, WIDE]


class Host(App):
    CSS = "#left { width: 46; } .-narrow #left { width: 1fr; }"
    HORIZONTAL_BREAKPOINTS: ClassVar = [(0, "-narrow"), (120, "-wide")]

    def __init__(self, experiment=BASE):
        super().__init__()
        self.draft = Draft(experiment)
        self.posted = []
        for palette in PALETTES.values():
            self.register_theme(palette.theme)
        self.theme = DEFAULT

    def compose(self):
        with Horizontal(), Vertical(id="left"):
            form = ExperimentForm(self.draft)
            yield form
            yield FieldHelp(form)

    def on_mount(self):
        self.form.focus_last()

    @property
    def form(self):
        return self.query_one(ExperimentForm)

    def value(self, path):
        return next(row.value for row in self.draft.rows() if row.path == path)

    def shown(self, path):
        return self.form.rows[path].render().plain

    def on_experiment_form_edited(self, event):
        self.posted.append(event)

    on_experiment_form_checked = on_experiment_form_help_wanted = on_experiment_form_edited


async def go(pilot, path):
    pilot.app.form.focus_row(path)
    await pilot.pause()


async def until(pilot, condition):
    for _ in range(300):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came")


def screen_text(app):
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


# What is shown.


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES)
async def test_every_setting_of_the_draft_is_a_row_in_its_order(size):
    app = Host(change(BASE, {"model.norm.kind": "group", "training.early_stopping.patience": 4}))
    async with app.run_test(size=size):
        rows = list(app.draft.rows())
        assert list(app.form.rows) == [row.path for row in rows]
        for row in rows:
            assert row.field.name in app.shown(row.path) or row.is_kind or not row.section


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES)
async def test_labels_never_touch_values_and_lines_fit(size):
    settings = {"model.norm.kind": "instance", "model.hidden": list(range(1, 200)), "dataset.kind": "file"}
    app = Host(change(BASE, settings))
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
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.batch_size")
        assert "‹ 64 ›  ≥ 1 or full" in app.shown("training.batch_size")
        assert "none" in app.shown("training.clip_norm")
        assert "≥" not in app.shown("training.epochs")
        await go(pilot, "training.order")
        assert "1 of 3" in app.shown("training.order")


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES)
async def test_help_of_the_focused_setting_is_shown(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await go(pilot, "optimizer.lr")
        assert "Peak learning rate" in app.form.help_text
        assert "Takes a number from 0" in app.form.help_text
        assert "Peak learning rate" in screen_text(app)
        await go(pilot, "model.kind")
        assert app.form.help_text == MLP.__doc__.split("\n")[0]


@pytest.mark.asyncio
async def test_the_row_in_focus_is_never_hidden():
    app = Host()
    async with app.run_test(size=NARROW) as pilot:
        for path in app.form.rows:
            await go(pilot, path)
            await pilot.pause()
            row = app.form.rows[path]
            assert app.form.region.contains_region(row.region), path


# Moving.


@pytest.mark.asyncio
async def test_up_and_down_go_through_all_rows_and_stop_at_the_ends():
    app = Host()
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
    app = Host(change(BASE, {"training.early_stopping.patience": 4}))
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
    app = Host()
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"optimizer.lr", "enter")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert app.form.last == "optimizer.lr"
        assert app.form.row is app.form.rows["optimizer.lr"]


# Changing.


@pytest.mark.asyncio
async def test_left_and_right_step_numbers_choices_flags_and_kinds():
    app = Host()
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


@pytest.mark.asyncio
async def test_another_kind_swaps_its_own_rows_and_leaves_the_others():
    app = Host(change(BASE, {"optimizer.lr": 0.05}))
    async with app.run_test(size=WIDE) as pilot:
        before = dict(app.form.rows)
        await go(pilot, "optimizer.kind")
        app.draft.change("optimizer.kind", "sgd")
        app.form.refresh_form()
        await pilot.pause()
        assert "optimizer.beta1" not in app.form.rows
        assert "optimizer.momentum" in app.form.rows
        assert all(app.form.rows[path] is before[path] for path in app.form.rows if path in before)
        placed = [child for child in app.form.children if child in app.form.rows.values()]
        assert placed == list(app.form.rows.values())
        assert app.value("optimizer.lr") == 0.05
        assert app.form.row is before["optimizer.kind"]


@pytest.mark.asyncio
async def test_rows_stand_in_order_after_any_change_of_kinds():
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        for path in ("model.kind", "dataset.kind", "model.norm.kind", "schedule.kind", "optimizer.kind"):
            await go(pilot, path)
            for _ in range(3):
                await pilot.press("right")
                placed = [child for child in app.form.children if child in app.form.rows.values()]
                assert [row.row.path for row in placed] == list(app.form.rows)
                assert [row.path for row in app.draft.rows()] == list(app.form.rows)
                tops = [row.region.y for row in placed]
                assert all(above < below for above, below in pairwise(tops))


@pytest.mark.asyncio
async def test_enter_opens_the_kinds_with_what_each_is():
    app = Host()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, "model.norm.kind")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        assert app.screen.query_one(OptionList).option_count == 8
        assert "Normalize each channel over the batch" in screen_text(app)
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
    app = Host(change(BASE, {"training.best_metric": "val_accuracy"}))
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, "training.best_metric")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"none", "enter")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert app.draft.experiment.training.best_metric is None


@pytest.mark.asyncio
async def test_enter_toggles_a_flag_and_an_optional_record():
    app = Host()
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
    app = Host(change(BASE, {"training.clip_norm": 2.0, "training.epochs": 30}))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.clip_norm")
        await pilot.press("backspace")
        await go(pilot, "training.epochs")
        await pilot.press("delete")
        assert app.draft.experiment == BASE


@pytest.mark.asyncio
async def test_undo_redo_and_back_to_the_baseline():
    app = Host()
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


@pytest.mark.asyncio
async def test_when_the_focused_row_goes_its_neighbour_gets_the_focus():
    app = Host(change(BASE, {"model.norm.kind": "group"}))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "model.norm.affine")
        app.draft.change("model.norm.kind", "none")
        app.form.refresh_form()
        await pilot.pause()
        assert app.form.row is not None
        assert app.form.row.is_mounted


@pytest.mark.asyncio
async def test_a_loaded_experiment_is_shown():
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        app.draft.load(change(BASE, {"dataset.kind": "circles", "training.epochs": 77}), BASE)
        app.form.refresh_form()
        await pilot.pause()
        assert "circles" in app.shown("dataset.kind")
        assert app.shown("training.epochs").startswith("●")


# Typing.


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES)
async def test_a_digit_begins_to_type_and_enter_goes_on(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await go(pilot, "training.epochs")
        await pilot.press("2", "5")
        assert app.draft.experiment.training.epochs == 25
        await pilot.press("enter")
        assert app.form.last == "training.steps"
        assert app.form.rows["training.epochs"].editor is None
        assert "25" in app.shown("training.epochs")
        await pilot.press("u")
        assert app.draft.experiment == BASE


@pytest.mark.asyncio
async def test_enter_opens_what_stands_there_and_only_changes_count():
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "model.hidden")
        version = app.draft.version
        await pilot.press("enter")
        row = app.form.rows["model.hidden"]
        assert row.editor.value == "128, 128"
        assert row.editor.region.x == row.region.x + VALUE_COLUMN
        assert app.draft.version == version
        await pilot.press(*", 64", "enter")
        assert app.draft.experiment.model.hidden == (128, 128, 64)


@pytest.mark.asyncio
async def test_errors_are_told_while_one_types_and_stay_until_mended():
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "dataset.val_fraction")
        row = app.form.rows["dataset.val_fraction"]
        await pilot.press("2")
        await pilot.pause()
        assert "must be a number at least 0 and below 1" in app.shown("dataset.val_fraction")
        assert row.size.height == 2
        assert app.draft.refusals
        await pilot.press("enter")
        assert row.editor is not None
        await pilot.press("backspace", ".", "4")
        await pilot.pause()
        assert row.size.height == 1
        await pilot.press("enter")
        assert app.draft.experiment.dataset.val_fraction == 0.4


@pytest.mark.asyncio
async def test_escape_puts_back_what_stood_there():
    app = Host(change(BASE, {"optimizer.lr": 0.05}))
    async with app.run_test(size=WIDE) as pilot:
        for path in ("optimizer.lr", "training.epochs"):
            await go(pilot, path)
            await pilot.press("7", "x", "escape")
            assert app.draft.experiment == change(BASE, {"optimizer.lr": 0.05})
            await pilot.pause()
            assert app.form.row.row.path == path
            assert app.form.rows[path].editor is None
        assert not app.draft.undo()


@pytest.mark.asyncio
async def test_moving_away_keeps_what_was_typed():
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "training.epochs")
        await pilot.press("7", "down")
        await pilot.pause()
        assert app.form.last == "training.steps"
        assert app.form.rows["training.epochs"].editor is None
        assert app.draft.experiment.training.epochs == 7
        await pilot.press("9", "tab")
        assert app.form.last == "training.evaluate_every"
        assert app.draft.experiment.training.steps == 9


@pytest.mark.asyncio
async def test_typing_goes_on_when_the_terminal_had_lost_the_focus():
    app = Host()
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
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, "seed")
        await pilot.press("4", "2", "enter")
        await pilot.pause()
        assert app.draft.experiment.seed == 42
        assert app.form.rows["seed"].editor is None


HOSTILE = "[@click=app.quit]x[/] \x1b[31m\u202eevil.csv"


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_that_is_pasted_is_shown_harmlessly(size):
    from textual.events import Paste

    app = Host(change(BASE, {"dataset.kind": "file"}))
    async with app.run_test(size=size) as pilot:
        await go(pilot, "dataset.path")
        await pilot.press("enter")
        app.screen.focused.post_message(Paste(HOSTILE + "\nsecond line"))
        await pilot.pause()
        assert app.value("dataset.path") == "[@click=app.quit]x[/] [31mevil.csv"
        await until(pilot, lambda: app.draft.checked)
        await pilot.press("tab")
        await pilot.pause()
        text = screen_text(app)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[@click=app" in text
        row = app.form.rows["dataset.path"]
        assert "is no file; check dataset.path" in " ".join(row.render().plain.split())
        row.show(row.row)
        assert app.is_running


@pytest.mark.asyncio
async def test_hostile_text_from_a_preset_is_shown_harmlessly():
    app = Host(change(BASE, {"dataset.kind": "file"}))
    async with app.run_test(size=WIDE) as pilot:
        app.draft.change("dataset.path", HOSTILE)
        app.form.refresh_form()
        await pilot.pause()
        assert app.draft.refusals
        await go(pilot, "dataset.path")
        await pilot.press("enter")
        await pilot.pause()
        text = screen_text(app)
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.asyncio
async def test_a_path_is_completed(tmp_path, monkeypatch):
    (tmp_path / "measurements").mkdir()
    (tmp_path / "measurements" / "iris.csv").touch()
    monkeypatch.chdir(tmp_path)
    app = Host(change(BASE, {"dataset.kind": "file"}))
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


# The mouse.


async def click(pilot, path, x):
    await go(pilot, path)
    await pilot.pause()
    await pilot.click(pilot.app.form.rows[path], offset=(x, 0))
    await pilot.pause()


@pytest.mark.asyncio
@pytest.mark.parametrize("size", SIZES)
async def test_a_click_on_a_value_changes_it_and_on_a_name_only_goes_there(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await click(pilot, "model.bias", 5)
        assert app.draft.experiment.model.bias is True
        assert app.form.last == "model.bias"
        await click(pilot, "model.bias", VALUE_COLUMN)
        assert app.draft.experiment.model.bias is False
        await click(pilot, "training.epochs", VALUE_COLUMN)
        editor = app.form.rows["training.epochs"].editor
        assert app.screen.focused is editor
        await pilot.click(editor, offset=(1, 0))
        assert app.form.rows["training.epochs"].editor is editor
        await click(pilot, "model.kind", VALUE_COLUMN + 1)
        await until(pilot, lambda: isinstance(app.screen, Choose))


# The check behind it.


@pytest.mark.asyncio
async def test_refusals_of_the_whole_come_to_their_row_with_a_remedy():
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        app.draft.change("model.norm.kind", "group")
        app.draft.change("model.norm.groups", 3)
        app.form.refresh_form()
        await until(pilot, lambda: app.draft.checked)
        shown = " ".join(app.shown("model.norm.groups").split())
        assert "✗ does not divide 128 channels; try 1, 2, 4" in shown
        assert app.form.rows["model.norm.groups"].size.height >= 2
        assert app.form.other_problems() == []
        assert app.posted[-1].summary.num_layers == 3


@pytest.mark.asyncio
async def test_warnings_are_marked_as_such():
    app = Host(change(BASE, {"model.norm.kind": "batch", "training.last_batch": "drop"}))
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        assert "! is redundant in front of batch norm" in app.shown("model.bias")
        assert not app.draft.refusals


@pytest.mark.asyncio
async def test_problems_without_a_row_are_for_others_to_tell():
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        app.draft.accept(app.draft.version, [Problem("the machine", "is tired")])
        assert [problem.rule for problem in app.form.other_problems()] == ["is tired"]


@pytest.mark.asyncio
async def test_a_check_that_fails_leaves_the_form_alive(monkeypatch):
    def fail(experiment):
        raise ZeroDivisionError("[@click=app.quit]")

    monkeypatch.setattr(background_check, "problems", fail)
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        (problem,) = app.form.other_problems()
        assert "ZeroDivisionError" in problem.rule
        assert not app.draft.refusals
        assert app.posted[-1].summary is None


@pytest.mark.asyncio
async def test_a_check_that_has_been_overtaken_is_dropped_and_the_form_stays_free(monkeypatch):
    held, begun = threading.Event(), threading.Event()
    looked = []

    def slow(experiment):
        looked.append(experiment.training.epochs)
        begun.set()
        assert held.wait(10)
        return [Problem("training.epochs", f"is {experiment.training.epochs}")]

    monkeypatch.setattr(background_check, "problems", slow)
    app = Host()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, begun.is_set)
        await go(pilot, "training.epochs")
        await pilot.press("right", "right", "right")
        assert app.value("training.epochs") == 13
        held.set()
        await until(pilot, lambda: app.draft.checked)
        assert app.form.rows["training.epochs"].row.problem.rule == "is 13"
        assert looked == [10, 13]


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
    app = Host(change(BASE, {"model.norm.kind": "group"}))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, path)
        await pilot.press("h")
        await pilot.pause()
        asked = [event.topic for event in app.posted if isinstance(event, ExperimentForm.HelpWanted)]
        assert asked == [topic]


@pytest.mark.asyncio
async def test_every_value_is_shown_as_it_would_be_typed():
    app = Host()
    async with app.run_test(size=WIDE):
        for row in app.draft.rows():
            if not isinstance(row.value, bool):
                assert show_text(row.value) in app.shown(row.path)
