"""The screen of all kept runs while others change the store, keep it locked, or fingers are quick."""

import threading

import apsw
import pytest
from support.kept import change_row, keep, multiply, start
from support.lab import lab
from support.screens import HOSTILE_NAMES, NARROW, WIDE, notices, text_of, until
from support.script import script
from textual.widgets import Input, TextArea

from normlab.engine.events import Measured
from normlab.store import edit
from normlab.store.find import find_run
from normlab.store.store import open_store
from normlab.tui import workbench
from normlab.tui.screens import found, runs
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.note import Note
from normlab.tui.screens.runs import RunsScreen
from normlab.tui.widgets.kept_table import KeptTable

pytestmark = pytest.mark.usefixtures("no_torch")


async def go(pilot, count):
    await pilot.press("k")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen) and pilot.app.screen._total == count)


def ids(app):
    return [run.id for run in app.screen.table.runs]


def told(app):
    return app.screen.query_one("#told").visual.plain


@pytest.mark.asyncio
async def test_two_quick_presses_resume_a_run_once_and_its_name_stays_unsaid():
    keep({"training.epochs": 8}, id="aaaaaa", epochs=3, outcome="interrupted", state=True)
    app = lab(start=start)
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await go(pilot, 1)
        app.screen.action_resume()
        app.screen.action_resume()
        await until(pilot, lambda: session.runs and session.runs[0].resumes and not session.working)
        assert len(session.runs) == 1
        assert find_run(open_store(), "aaaaaa").name is None


@pytest.mark.asyncio
async def test_two_quick_presses_ask_once_how_long_a_run_is_to_train():
    keep(id="aaaaaa", state=True)
    app = lab(start=start)
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 1)
        app.screen.action_resume()
        app.screen.action_resume()
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("escape")
        assert isinstance(app.screen, RunsScreen)


@pytest.mark.asyncio
async def test_a_run_that_another_process_took_is_not_resumed():
    run = keep({"training.epochs": 8}, id="aaaaaa", epochs=3, outcome="interrupted", state=True)
    app = lab(start=start)
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 1)
        change_row(run, "outcome = NULL")
        app.screen.action_resume()  # the page still says interrupted
        await until(pilot, lambda: "It is under way." in notices(app))
        assert app.bench.session.runs == []


@pytest.mark.asyncio
@pytest.mark.parametrize("hostile", HOSTILE_NAMES)
async def test_what_others_wrote_is_harmless_in_every_dialog(hostile):
    run = keep(id="aaaaaa", note="x", tags=["x"], state=True)
    change_row(run, "name = ?, note = ?, reason = ?", hostile, hostile, hostile)
    open_store().write(lambda c: c.execute("UPDATE tags SET tag = ?", (hostile.replace(" ", ""),)))
    app = lab(start=start)
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, 1)
        for key in ("t", "N", "e", "D", "u", "w", "enter"):
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(app.screen, RunsScreen))
            shown = text_of(app)
            assert "\x1b" not in shown
            assert "\u202e" not in shown
            if isinstance(app.screen, Note):
                assert "\x1b" not in app.screen.query_one(TextArea).text
            if key == "enter":
                assert "\x1b" not in app.screen._text
                assert "\u202e" not in app.screen._text
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))


@pytest.mark.asyncio
async def test_a_written_note_is_not_thrown_away_unasked():
    keep(id="aaaaaa")
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, 1)
        await pilot.press("N")
        await until(pilot, lambda: isinstance(app.screen, Note))
        await pilot.press("a", "escape")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, Note))
        assert app.screen.query_one(TextArea).text == "a"


@pytest.mark.asyncio
async def test_a_store_that_breaks_is_told_and_the_lab_lives(monkeypatch):
    def broken(*_):
        raise apsw.BusyError("locked")

    keep(id="aaaaaa")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 1)
        monkeypatch.setattr(runs, "find_all", broken)
        await pilot.press("w")
        await until(pilot, lambda: "locked" in notices(app))
        monkeypatch.setattr(runs, "recall", broken)
        await pilot.press("enter", "v")
        await until(pilot, lambda: notices(app).count("locked") == 3)


@pytest.mark.asyncio
async def test_a_store_that_is_locked_keeps_nobody_from_reading_and_says_so(monkeypatch):
    keep(id="aaaaaa")
    let_go = threading.Event()
    monkeypatch.setattr(found, "sweep", lambda store: let_go.wait(30))
    monkeypatch.setattr(edit, "tag", lambda *_: let_go.wait(30))
    app = lab()
    try:
        async with app.run_test(size=WIDE) as pilot:
            await go(pilot, 1)
            for _ in range(5):
                app.screen._look_again()
            assert sum(thread.name == "normlab sweep" for thread in threading.enumerate()) == 1
            keep(id="bbbbbb")
            await until(pilot, lambda: len(ids(app)) == 2)
            await pilot.press("t")
            await until(pilot, lambda: isinstance(app.screen, Ask))
            app.screen.query_one(Input).value = "paper"
            await pilot.press("enter")
            await until(pilot, lambda: any("Waiting for the store" in said for said in notices(app)))
            let_go.set()
    finally:
        let_go.set()


def test_leaving_does_not_wait_for_a_purge_on_a_locked_store(monkeypatch):
    let_go = threading.Event()
    monkeypatch.setattr(edit, "purge", lambda *_: let_go.wait(30))
    monkeypatch.setattr(workbench, "PURGE_SECONDS", 0.01)
    bench = lab().bench
    bench.store, bench.deleted = open_store(), ["aaaaaa"]
    bench.purge()
    assert not let_go.is_set()
    let_go.set()


@pytest.mark.asyncio
async def test_the_cursor_stays_on_its_run_when_the_terminal_or_the_list_changes():
    multiply(keep(), 99)
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 100)
        table = app.screen.query_one(KeptTable)
        await until(pilot, lambda: table.row_count == table.page_rows)
        table.move_cursor(row=table.page_rows - 1)
        chosen = table.chosen.id
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: not table.is_wide and table.row_count == table.page_rows)
        assert table.chosen.id == chosen
        table.move_cursor(row=table.page_rows - 1)
        chosen = table.chosen.id
        keep(id="newest")
        change_row("newest", "created = created + 1e9")
        await until(pilot, lambda: app.screen._total == 101)
        assert table.chosen.id == chosen


@pytest.mark.asyncio
async def test_a_second_click_on_a_heading_turns_the_order_round():
    keep(id="aaaaaa")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 1)
        for order in ("largest", "smallest", "largest"):
            heading = text_of(app).splitlines()[3]
            await pilot.click(KeptTable, offset=(heading.index("score"), 0))
            await until(pilot, lambda order=order: f"by val_accuracy, {order} first" in told(app))


@pytest.mark.asyncio
async def test_what_was_purged_elsewhere_is_not_said_to_be_back():
    keep(id="aaaaaa")
    keep(id="bbbbbb")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 2)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: app.bench.deleted == ["bbbbbb"])
        edit.purge(open_store())
        await pilot.press("U")
        await until(pilot, lambda: any("purged elsewhere" in said for said in notices(app)))
        assert app.bench.deleted == []


@pytest.mark.asyncio
async def test_a_picked_run_that_went_on_elsewhere_is_drawn_anew():
    keep(id="aaaaaa")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await go(pilot, 1)
        await pilot.press("v")
        await until(pilot, lambda: session.runs)
        before = session.runs[0].history
        change_row("aaaaaa", "finished = finished + 60")
        await until(pilot, lambda: session.runs[0].history is not before)


@pytest.mark.asyncio
async def test_picks_have_an_end(monkeypatch):
    monkeypatch.setattr(runs, "MAX_PICKED", 1)
    keep(id="aaaaaa")
    keep(id="bbbbbb")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 2)
        await pilot.press("v", "down")
        await until(pilot, lambda: app.bench.session.runs)
        await pilot.press("v")
        await until(pilot, lambda: any("1 are picked" in said for said in notices(app)))


@pytest.mark.asyncio
async def test_runs_on_other_data_in_the_order_of_a_metric_are_said_to_be_no_ranking():
    keep(id="aaaaaa")
    keep({"dataset.kind": "moons"}, id="bbbbbb")
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, 2)
        assert "ranking" not in told(app)
        app.screen._order_by("-val_accuracy")
        await until(pilot, lambda: "data sets differ: not a ranking" in told(app))


@pytest.mark.asyncio
async def test_the_list_stays_while_a_word_is_typed():
    keep({"model.norm.kind": "batch"}, id="aaaaaa")
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, 1)
        await pilot.press("slash")
        for letter in "norm=batch":
            await pilot.press(letter)
            await pilot.pause(0.15)
            assert ids(app) == ["aaaaaa"]
            assert told(app).startswith("1–1")
        app.screen.query_one(Input).value = "norm=layer"
        await until(pilot, lambda: ids(app) == [])


@pytest.mark.asyncio
async def test_a_run_that_goes_on_and_fails_again_at_the_same_place_is_told_again():
    def broken(run):
        for event in script(run):
            if isinstance(event, Measured) and event.epoch > 1:
                raise ValueError("bad luck")
            yield event

    app = lab(start=broken)
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await pilot.press("r")
        await until(pilot, lambda: sum("bad luck" in said for said in notices(app)) == 1)
        await until(pilot, lambda: not session.working)
        (run,) = session.runs
        assert session.go_on(run, run.history, "cpu")
        await until(pilot, lambda: sum("bad luck" in said for said in notices(app)) == 2)


@pytest.mark.asyncio
async def test_a_run_that_trains_or_waits_is_not_taken_to_go_on():
    app = lab(start=lambda run: start(run, epochs=20_000, seconds_each=0.01))
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await pilot.press("r", "r")
        await until(pilot, lambda: session.current)
        controls = [run.control for run in session.runs]
        for run in session.runs:
            assert not session.go_on(run, run.history, "cpu")
        assert [run.control for run in session.runs] == controls
        await pilot.press("X")
        await until(pilot, lambda: not session.working)
