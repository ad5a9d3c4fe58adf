"""The screen of all kept runs: finding them, turning pages, what is told of them."""

import time

import pytest
from support.kept import change_row, keep, multiply, start
from support.lab import lab
from support.screens import HOSTILE_NAMES, NARROW, SIZES, WIDE, notices, text_of, until
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widgets import Input, Static

from normlab.core import places
from normlab.store.store import open_store
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.run_details import RunDetails
from normlab.tui.screens.runs import RunsScreen
from normlab.tui.themes import PALETTES
from normlab.tui.widgets.kept_table import KeptTable

pytestmark = pytest.mark.usefixtures("no_torch")


def told(app):
    return app.screen.query_one("#told", Static).visual.plain


def about(app):
    return app.screen.query_one("#about", Static).visual.plain


def ids(app):
    return [run.id for run in app.screen.query_one(KeptTable).runs]


async def go(pilot):
    """Go to the kept runs, and wait until the store has answered."""
    await pilot.press("k")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
    await until(pilot, lambda: told(pilot.app) or "No run is kept" in text_of(pilot.app))


async def type_filter(pilot, words):
    await pilot.press("slash")
    pilot.app.screen.query_one(Input).value = words


@SIZES
@pytest.mark.asyncio
async def test_the_whole_history_is_listed_newest_first(size):
    keep(id="aaaaaa")
    keep({"model.norm.kind": "batch", "dataset.kind": "moons"}, id="bbbbbb", arm="norm = batch")
    keep(id="cccccc", outcome="diverged", name="a fast one")
    app = lab()
    async with app.run_test(size=size) as pilot:
        await go(pilot)
        assert ids(app) == ["cccccc", "bbbbbb", "aaaaaa"]
        assert told(app) == "1–3 of 3 · newest first"
        shown = text_of(app)
        assert "a fast one" in shown
        row = next(line for line in shown.splitlines() if "bbbbbb" in line)
        seen = ["bbbbbb", "norm", "=", "batch", "moons", "batch"]
        assert row.split()[:7] == [*seen, "0" if size == WIDE else "completed"]
        assert all(len(line) <= size[0] for line in shown.splitlines())


@SIZES
@pytest.mark.asyncio
async def test_a_page_is_as_high_as_the_screen_and_keys_turn_it(size):
    run = keep(id="aaaaaa")
    multiply(run, 9_999)
    app = lab()
    async with app.run_test(size=size) as pilot:
        await go(pilot)
        table = app.screen.query_one(KeptTable)
        rows = table.page_rows
        assert rows == size[1] - 6
        await until(pilot, lambda: told(app) == f"1–{rows} of 10,000 · newest first")
        await pilot.press("pagedown")
        await until(pilot, lambda: told(app).startswith(f"{rows + 1}–{2 * rows} of"))
        await pilot.press("end")
        await until(pilot, lambda: told(app).startswith(f"{10_001 - rows:,}–10,000 of"))
        assert table.chosen.id == "aaaaaa"
        await pilot.press("home")
        await until(pilot, lambda: told(app).startswith("1–"))
        assert table.cursor_row == 0
        await pilot.press(*["down"] * rows)
        await until(pilot, lambda: told(app).startswith(f"2–{rows + 1} of"))
        assert table.cursor_row == rows - 1
        await pilot.press("pageup")
        await until(pilot, lambda: told(app).startswith("1–"))
        assert table.row_count == rows


@pytest.mark.asyncio
async def test_a_page_of_ten_thousand_runs_comes_at_once():
    multiply(keep(), 9_999)
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot)
        screen, seconds = app.screen, []
        for _ in range(5):
            began = time.perf_counter()
            screen.action_turn("page", 1)
            await until(pilot, lambda: screen.table.runs and not any(w.group == "kept" for w in app.workers))
            seconds.append(time.perf_counter() - began)
        assert min(seconds) < 0.2  # with the pilot's own pauses


@pytest.mark.asyncio
async def test_the_wheel_rolls_through_the_runs():
    multiply(keep(), 99)
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot)
        table = app.screen.query_one(KeptTable)
        for kind, first in ((MouseScrollDown, 4), (MouseScrollDown, 7), (MouseScrollUp, 4)):
            table.post_message(kind(table, 5, 5, 0, 0, 0, False, False, False))
            await until(pilot, lambda first=first: told(app).startswith(f"{first}–"))


@SIZES
@pytest.mark.asyncio
async def test_the_filter_finds_while_it_is_typed_and_escape_lists_all(size):
    keep(id="aaaaaa")
    keep({"model.norm.kind": "batch"}, id="bbbbbb", tags=["paper"])
    keep({"model.norm.kind": "batch"}, id="cccccc")
    app = lab()
    async with app.run_test(size=size) as pilot:
        await go(pilot)
        await pilot.press("slash", *"norm=batch")
        await until(pilot, lambda: ids(app) == ["cccccc", "bbbbbb"])
        await pilot.press("space", *"tag:paper")
        await until(pilot, lambda: ids(app) == ["bbbbbb"])
        await pilot.press("down")
        assert app.screen.query_one(KeptTable).has_focus
        await pilot.press("escape")
        await until(pilot, lambda: len(ids(app)) == 3)


@pytest.mark.asyncio
async def test_a_wrong_filter_is_told_in_one_line_and_the_list_stays():
    keep(id="aaaaaa")
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot)
        await type_filter(pilot, "nrom=batch")
        await until(pilot, lambda: "is neither a setting nor a metric; did you mean norm?" in told(app))
        assert ids(app) == ["aaaaaa"]
        await type_filter(pilot, "norm=none")
        await until(pilot, lambda: told(app).startswith("1–1"))


@pytest.mark.asyncio
async def test_the_word_that_is_typed_is_completed():
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot)
        await pilot.press("slash", *"norm=ba")
        line = app.screen.query_one(Input)
        await until(pilot, lambda: line._suggestion == "norm=batch")
        await pilot.press("right", "space", *"val_acc")
        await until(pilot, lambda: line._suggestion == "norm=batch val_accuracy>")


@pytest.mark.asyncio
async def test_runs_are_sorted_by_what_is_chosen_and_the_other_way_round():
    for norm in ("none", "layer", "batch"):  # losses fall faster with a norm
        keep({"model.norm.kind": norm}, id=f"{norm:a<6}")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press(*"val_accuracy", "enter")
        await until(pilot, lambda: "by val_accuracy, largest first" in told(app))
        assert ids(app) == ["layera", "batcha", "noneaa"]
        await pilot.press("S")
        await until(pilot, lambda: ids(app) == ["noneaa", "batcha", "layera"])
        await pilot.click(KeptTable, offset=(text_of(app).splitlines()[3].index("norm"), 0))
        await until(pilot, lambda: "by norm, smallest first" in told(app))


@SIZES
@pytest.mark.asyncio
async def test_details_tell_all_that_is_known(size):
    keep(
        {"model.norm.kind": "batch"},
        id="bbbbbb",
        tags=["paper"],
        note="the best\nof them",
        reason="enough",
        outcome="stopped",
    )
    app = lab()
    async with app.run_test(size=size) as pilot:
        await go(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunDetails))
        text = app.screen._text
        for words in (
            "stopped: epoch 3, step 60 of 60", "enough", "tags paper", "the best\nof them", "val_accuracy",
            "model.norm.kind", "batch", "python", str(places.runs() / "bbbbbb"), "run.jsonl",
        ):  # fmt: skip
            assert words in text
        assert "Loss" in text_of(app)  # its curves
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))


@SIZES
@pytest.mark.asyncio
async def test_an_empty_store_and_an_empty_match_say_so(size):
    app = lab()
    async with app.run_test(size=size) as pilot:
        await go(pilot)
        assert "No run is kept yet: train something in the Lab (l)." in text_of(app)
        await pilot.press(
            "enter", "v", "u", "o", "t", "N", "e", "w", "D", "U"
        )  # nothing to do, nothing breaks
        await until(pilot, lambda: "Nothing was deleted since the lab was opened." in notices(app))
        keep()
        await until(pilot, lambda: len(ids(app)) == 1)
        await type_filter(pilot, "norm=batch")
        await until(pilot, lambda: "No kept run is like that. esc lists all of them." in text_of(app))


@pytest.mark.asyncio
async def test_a_run_of_a_later_version_is_listed_and_told_of():
    broken = keep(id="aaaaaa")
    change_row(
        broken, "experiment = ?", '{"dataset": {"kind": "dreams"}, "model": {"norm": {"kind": "new"}}}'
    )
    damaged = keep(id="bbbbbb")
    change_row(damaged, "experiment = ?", "[]")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot)
        assert "dreams" in text_of(app)
        for row in (0, 1):
            app.screen.query_one(KeptTable).move_cursor(row=row)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, RunDetails))
            assert "!" in app.screen._text
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
            await pilot.press("o", "v", "u")
            await pilot.pause()
        assert isinstance(app.screen, RunsScreen)
        assert app.bench.session.runs == []


@SIZES
@pytest.mark.asyncio
async def test_names_tags_notes_and_reasons_of_others_are_harmless(size):
    app = lab()
    for hostile in HOSTILE_NAMES:
        run = keep(note="x")
        change_row(run, "name = ?, note = ?, reason = ?", hostile, hostile, hostile)
    async with app.run_test(size=size) as pilot:
        await go(pilot)
        for _ in HOSTILE_NAMES:
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, RunDetails))
            assert "\x1b" not in text_of(app)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
            await pilot.press("down")
        assert "\x1b" not in text_of(app)
        assert "[@click=app.quit]x" in text_of(app)


@pytest.mark.asyncio
async def test_a_run_of_another_normlab_runs_until_its_process_is_dead():
    run = keep(id="aaaaaa")
    change_row(run, "outcome = NULL")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot)
        await until(pilot, lambda: "running" in text_of(app))

        def die(connection):
            connection.execute("INSERT INTO owners VALUES (77, 'elsewhere', 1, 0, 0)")
            connection.execute("UPDATE runs SET owner = 77 WHERE id = 'aaaaaa'")

        open_store().write(die)
        await until(pilot, lambda: "interrupted" in text_of(app))
        assert "its process 1 died" in about(app)


@pytest.mark.asyncio
async def test_the_run_under_way_is_listed_as_soon_as_it_begins_and_ends():
    app = lab(start=lambda run: start(run, epochs=20_000, seconds_each=0.01))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "running" in text_of(app))
        await pilot.press("space")
        await until(pilot, lambda: "paused" in text_of(app).split("\n", 4)[4])
        await pilot.press("x")
        await until(pilot, lambda: "stopped" in text_of(app))


@SIZES
@pytest.mark.asyncio
@pytest.mark.parametrize("theme", [*PALETTES, None])
async def test_it_shows_itself_in_every_theme(monkeypatch, size, theme):
    if theme is None:
        monkeypatch.setenv("NO_COLOR", "1")
    keep(id="aaaaaa", tags=["paper"])
    app = lab(theme=theme or "normlab-dark")
    async with app.run_test(size=size) as pilot:
        await go(pilot)
        lines = text_of(app).splitlines()
        assert "Runs k" in lines[0]
        assert lines[1].startswith(" / to filter: norm=batch val_accuracy>0.9 tag:paper date>=today")
        assert lines[-1].count("   ") >= 4


@pytest.mark.asyncio
async def test_the_line_below_tells_what_has_no_column():
    keep(
        {"seed": 3},
        id="aaaaaa",
        tags=["paper"],
        note="look here\nand there",
        outcome="stopped",
        reason="enough",
    )
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot)
        await until(
            pilot, lambda: about(app) == "val_accuracy · seed 3 · 0.3 s · #paper · enough · look here"
        )


@pytest.mark.asyncio
async def test_without_a_store_the_screen_says_why_and_the_lab_works():
    places.home().mkdir(parents=True)
    (places.home() / "lab.db").write_bytes(b"no database" * 1000)
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: any("Runs aren't kept" in said for said in notices(app)))
        await pilot.press("k")
        await until(pilot, lambda: "Runs aren't kept: " in text_of(app))
        await pilot.press("l", "r")
        await until(pilot, lambda: app.bench.session.runs and not app.bench.session.working)
        assert app.bench.session.runs[0].history.outcome == "completed"
