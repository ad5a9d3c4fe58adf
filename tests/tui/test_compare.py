"""Compare: the table of settings and results."""

import pytest
from support.compare import LAYER, CompareApp, heads, lab, rows, said, table
from support.screens import NARROW, SIZES, WIDE, until
from support.script import script

from normlab.tui.screens.compare import (
    NONE_PICKED,
    NOTHING,
    ONE,
    ONE_ARM,
    ONE_PICKED,
    CompareScreen,
    by_arm,
    one_a_seed,
)
from normlab.tui.themes import PALETTES
from normlab.tui.widgets.charts import ChartPane


def style(text):
    return "".join(span.style for span in text.spans)


@pytest.mark.asyncio
@SIZES
async def test_settings_that_differ_come_first_then_results_with_their_difference(size):
    app = CompareApp(lab({}, LAYER, {**LAYER, "optimizer.lr": 0.1}))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert heads(app) == ["", "o baseline", "x norm = layer", "+ confounded: 2 changes"]
        shown = rows(app)
        assert list(shown)[:3] == ["model.norm", "optimizer.lr", "confounded"]
        assert shown["model.norm"] == ["  none", "≠ layer", "≠ layer"]
        assert shown["confounded"] == ["  ", "  ", "  2 changes"]
        assert shown["val_loss (best = last)"][0] == "  1.1476"
        assert shown["val_loss (best = last)"][1] == "★ 0.4963 (-0.6514)"
        assert "training.epochs" not in shown


@pytest.mark.asyncio
async def test_the_best_and_what_differs_have_a_sign_and_a_colour():
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        colors = app.theme_variables
        name, baseline, layer = table(app).get_row_at(0)
        assert name.plain == "model.norm"
        assert style(baseline) == ""
        assert style(layer) == colors["accent"]
        best = table(app).get_row_at(list(rows(app)).index("val_loss (best = last)") + 1)[2]
        assert style(best) == f"bold {colors['success']}"


@pytest.mark.asyncio
async def test_marks_are_plain_characters_where_fonts_are_poor():
    app = CompareApp(lab({}, LAYER), ascii=True)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        cells = "".join(heads(app) + [cell for row in rows(app).values() for cell in row])
        assert "! layer" in cells
        assert not set("★≠") & set(cells + said(app, "#signs"))


@pytest.mark.asyncio
async def test_a_key_shows_equal_settings_and_folds_them_away():
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        before = rows(app)
        await pilot.press("e")
        assert rows(app)["training.batch_size"] == ["  64", "  64"]
        assert rows(app)["model.norm.affine"][1].startswith("≠ ")
        await pilot.press("e")
        assert rows(app) == before


@pytest.mark.asyncio
async def test_only_picked_runs_are_columns_and_the_baseline_always_is():
    session = lab({}, LAYER, {"optimizer.lr": 0.1}, {"training.epochs": 4})
    session.baseline = session.runs[1]
    session.runs[1].shown = session.runs[2].shown = False
    session.runs[3].taken = False
    app = CompareApp(session)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        assert heads(app) == ["", "baseline · not drawn", "o norm = none"]
        session.runs[2].shown = True
        app.screen.refresh_session()
        assert heads(app)[3] == "+ confounded: 2 changes"


@pytest.mark.asyncio
async def test_a_baseline_with_a_name_is_still_told_to_be_one():
    app = CompareApp(lab({}, LAYER, names=["plain"]))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        assert heads(app)[1] == "o plain (baseline)"


@pytest.mark.asyncio
async def test_runs_on_other_data_are_not_compared_and_one_line_says_why():
    app = CompareApp(lab({}, {**LAYER, "seed": 1}, {"dataset.kind": "circles"}))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        assert rows(app)["not compared"] == ["  ", "  seed differs", "  dataset differs"]
        assert "(" not in "".join(rows(app)["val_loss (best = last)"])


@pytest.mark.asyncio
async def test_nothing_to_compare_says_what_to_do():
    session = lab()
    app = CompareApp(session)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert said(app, "#nothing") == NOTHING.format(lab="l")
        assert not table(app).display
        assert not app.screen.query_one(ChartPane).display
        await pilot.press("e", "C", "w")
        assert isinstance(app.screen, CompareScreen)
        assert app.clipboard == ""
        other = lab({}, LAYER)
        session.runs, session.baseline = other.runs, other.baseline
        app.screen.refresh_session()
        await until(pilot, lambda: table(app).has_focus)
        assert table(app).display
        await pilot.press("C")
        assert "norm = layer" in app.clipboard
        for run in session.runs:
            run.shown = False
        app.screen.refresh_session()
        assert said(app, "#nothing") == NONE_PICKED.format(lab="l")


@pytest.mark.asyncio
async def test_a_single_run_is_shown_with_what_comes_next():
    app = CompareApp(lab({}))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert said(app, "#signs") == ONE.format(lab="l")
        assert rows(app)["epoch (best = last)"] == ["  3"]


@pytest.mark.asyncio
async def test_a_run_under_way_is_followed_and_the_place_in_the_table_kept():
    session = lab({}, LAYER, {"optimizer.kind": "sgd"}, epochs=3, ended=False)
    app = CompareApp(session)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert rows(app)["outcome"] == ["  running"] * 3
        await pilot.press("e", *["down"] * 20, "right", "right")
        await pilot.pause()
        found = table(app)
        place = list(rows(app))[found.cursor_row - 1], found.scroll_offset
        assert place[1].x > 0
        assert place[1].y > 0
        for event in list(script(session.runs[2], epochs=4))[-3:]:
            session.runs[2].history.fold(event)
        app.screen.refresh_session()
        await pilot.pause()
        assert rows(app)["outcome"] == ["  running", "  running", "  completed"]
        assert rows(app)["epoch (best = last)"] == ["  3", "  3 (=)", "  4 (+1)"]
        assert (list(rows(app))[found.cursor_row - 1], found.scroll_offset) == place
        session.runs[0].history.fold(list(script(session.runs[0], epochs=3))[-1])
        session.runs[1].history.fold(list(script(session.runs[1], epochs=3))[-1])
        session.runs[2].history.outcome = "completed"
        app.screen.refresh_session()  # the outcome's row goes: all is drawn anew
        await pilot.pause()
        assert "outcome" not in rows(app)
        assert (list(rows(app))[found.cursor_row - 1], found.scroll_offset) == place


@pytest.mark.asyncio
async def test_what_has_not_changed_is_not_drawn_again(monkeypatch):
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        touched = []
        for name in ("clear", "update_cell_at"):
            monkeypatch.setattr(table(app), name, lambda *_, **__: touched.append(1))
        app.screen.refresh_session()
        assert touched == []


@pytest.mark.asyncio
async def test_another_theme_colours_the_table_anew():
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        app.theme = "normlab-light"
        hue = PALETTES["normlab-light"].hues[0]
        await until(pilot, lambda: style(table(app).ordered_columns[1].label) == f"bold {hue}")
        assert style(table(app).get_row_at(0)[2]) == app.theme_variables["accent"]


SEEDS = ({}, {"seed": 1}, LAYER, {**LAYER, "seed": 1})


def loss(app):
    """What the row of the best validation loss holds."""
    return rows(app)["val_loss (best = last)"]


@pytest.mark.asyncio
@SIZES
async def test_runs_with_several_seeds_are_one_column_an_arm_and_a_key_parts_them(size):
    app = CompareApp(lab(*SEEDS))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert heads(app) == ["", "ox baseline · 2 seeds", "+* norm = layer · 2 seeds"]
        assert rows(app)["seeds"] == ["  2", "  2"]
        assert "mean ± sd" in said(app, "#signs")
        await pilot.press("g")
        parted = ["o baseline", "x baseline · seed 1", "+ norm = layer", "* norm = layer · seed 1"]
        assert heads(app)[1:] == parted
        assert "not compared" not in rows(app)
        assert ["(" in cell for cell in loss(app)] == [False, False, True, True]
        assert "best of a seed" in said(app, "#signs")
        await pilot.press("g")
        assert len(heads(app)) == 3


@pytest.mark.asyncio
async def test_a_run_is_compared_with_the_baseline_of_its_seed_picked_or_not():
    session = lab(*SEEDS)
    session.runs[1].shown = session.runs[2].shown = False
    app = CompareApp(session)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert heads(app)[1:] == ["o baseline", "* norm = layer · seed 1"]
        own, other = (session.runs[at].history.best.metrics["val_loss"] for at in (3, 1))
        assert f"({own - other:+.4f})" in loss(app)[1]


@pytest.mark.asyncio
async def test_the_key_that_parts_arms_is_offered_only_where_there_are_some():
    session = lab({}, LAYER)
    app = CompareApp(session)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert app.screen.check_action("group", ()) is False
        other = lab(*SEEDS)
        session.runs, session.baseline = other.runs, other.baseline
        app.screen.refresh_session()
        assert app.screen.check_action("group", ()) is True


def test_of_two_runs_with_one_seed_the_later_counts_and_the_first_of_all_stays():
    session = lab({}, {"seed": 1}, {"seed": 1}, {}, LAYER)
    arm, other = by_arm(session.runs)
    assert [run.id for run in arm] == ["run0", "run1", "run2", "run3"]
    assert [run.id for run in one_a_seed(arm)] == ["run0", "run2"]
    assert [run.id for run in other] == ["run4"]


@pytest.mark.asyncio
async def test_a_run_and_its_repeat_with_one_seed_stay_apart():
    app = CompareApp(lab({}, {}))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert heads(app)[1:] == ["o baseline", "x baseline (2)"]
        assert loss(app)[1].endswith("(=)")


@pytest.mark.asyncio
async def test_more_seeds_do_not_take_the_focus_from_the_chart():
    session, other = lab({}), lab(*SEEDS)
    app = CompareApp(session)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        app.screen.query_one(ChartPane).focus_last()
        session.runs, session.baseline = other.runs, other.baseline
        app.screen.refresh_session()
        await pilot.pause()
        assert app.screen.query_one(ChartPane).canvas.has_focus


@pytest.mark.asyncio
async def test_columns_with_one_name_are_numbered():
    app = CompareApp(lab({}, LAYER, {"optimizer.lr": 0.1}, names=["", "mine", "mine"]))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        assert heads(app)[1:] == ["o baseline", "x mine", "+ mine (2)"]
        await pilot.press("C")
        assert "| mine (2) " in app.clipboard.replace("\\", "").replace("    ", "")


@pytest.mark.asyncio
async def test_one_column_says_why_it_is_alone():
    session = lab({}, LAYER)
    session.runs[1].shown = False
    app = CompareApp(session)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert said(app, "#signs") == ONE_PICKED.format(lab="l")
    app = CompareApp(lab({}, {"seed": 1}))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert said(app, "#signs") == ONE_ARM.format(lab="l")
