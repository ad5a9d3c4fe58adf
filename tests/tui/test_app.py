"""What the app itself does: leaving, pastes, dialogs in front, a terminal that shrinks."""

import threading
import time

import pytest
from support.lab import lab
from support.screens import NARROW, WIDE, text_of, until
from support.script import script
from textual.events import Paste
from textual.widgets import TextArea

from normlab.lab.presets import load_preset
from normlab.tui.app import LabApp
from normlab.tui.preferences import Preferences
from normlab.tui.screens.dialogs import Ask
from normlab.tui.screens.presets import PresetsScreen
from normlab.tui.screens.quit import QuitQuestion
from normlab.tui.widgets.runs_table import RunsTable

pytestmark = pytest.mark.usefixtures("no_torch")


def slow(run):
    """A training that lasts until it is stopped."""
    return script(run, epochs=20_000, seconds_each=0.002)


async def begin(app, pilot, key="r"):
    """Press r, and wait for the first evaluation."""
    await pilot.press(key)
    await until(pilot, lambda: app.bench.session.runs and app.bench.session.runs[0].history.points)
    return app.bench.session.runs[0]


@pytest.mark.asyncio
async def test_control_c_twice_and_control_q_in_a_dialog_leave():
    for keys in (("ctrl+c", "ctrl+c"), ("ctrl+q", "ctrl+q")):
        app = lab(start=slow)
        async with app.run_test(size=NARROW) as pilot:
            run = await begin(app, pilot)
            await pilot.press("t", "e")
            await until(pilot, lambda app=app: isinstance(app.screen, Ask))
            await pilot.press("ctrl+q")
            await until(pilot, lambda app=app: isinstance(app.screen, QuitQuestion))
            await pilot.press("escape", "escape", keys[0])
            await until(pilot, lambda app=app: isinstance(app.screen, QuitQuestion))
            await pilot.press(keys[1])
            await until(pilot, lambda run=run: run.finished)
        assert app.return_code == 0
        assert app.bench.session.state(run) == "interrupted"


def lingering(run):
    """A training whose thread has still to tidy up once its end is shown."""
    yield from script(run)
    while run.control.outcome is None:
        time.sleep(0.005)


@pytest.mark.asyncio
async def test_a_refresh_that_comes_when_the_screens_are_gone_shows_nothing():
    app = lab()
    async with app.run_test(size=WIDE):
        pass
    assert not app.screen_stack
    app.refresh_now()


@pytest.mark.asyncio
async def test_what_has_ended_is_not_asked_about_though_its_thread_tidies_up():
    app = lab(start=lingering)
    async with app.run_test(size=WIDE) as pilot:
        run = await begin(app, pilot)
        await until(pilot, lambda: "completed" in text_of(app))
        assert app.bench.session.working
        await pilot.press("q")
    assert app.return_code == 0
    assert app.bench.session.state(run) == "completed"


@pytest.mark.asyncio
async def test_a_run_that_waits_is_asked_about():
    app = lab(start=lingering)
    async with app.run_test(size=NARROW) as pilot:
        run = await begin(app, pilot)
        await until(pilot, lambda: run.finished)
        await pilot.press("r", "q")
        await until(pilot, lambda: isinstance(app.screen, QuitQuestion))
        await pilot.press("y")
    assert app.return_code == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("paused", [False, True])
async def test_a_crash_of_the_screens_ends_the_training_too(paused):
    app = lab(start=slow)

    async def crash():
        async with app.run_test(size=NARROW) as pilot:
            run = await begin(app, pilot, "n" if paused else "r")
            assert paused == app.bench.session.paused
            app.call_later(lambda: 1 / 0)
            await until(pilot, lambda: run.finished)

    with pytest.raises(ZeroDivisionError):
        await crash()
    assert app.return_code == 1
    assert not [thread for thread in threading.enumerate() if "training" in thread.name]


@pytest.mark.asyncio
async def test_a_paste_goes_in_once_whatever_has_the_focus():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        before = app.bench.draft.tree
        app.post_message(Paste("5"))  # on a row of the form, and on no line of the next screen
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PresetsScreen))
        await pilot.press("w")
        await until(pilot, lambda: app.screen.query(TextArea))
        about = app.screen.query_one(TextArea)
        about.focus()
        await pilot.pause()
        app.post_message(Paste("one\rtwo\x1b[31m\u202e"))
        await until(pilot, lambda: about.text)
        await pilot.pause(0.05)
        assert about.text == "one\ntwo[31m"
        assert app.bench.draft.tree == before


@pytest.mark.asyncio
async def test_what_ends_behind_a_dialog_is_shown_when_it_closes():
    app = lab(start=lambda run: script(run, epochs=30, seconds_each=0.005))
    async with app.run_test(size=WIDE) as pilot:
        run = await begin(app, pilot)
        await pilot.press("d")
        await until(pilot, lambda: run.finished)
        await pilot.press("escape")
        await until(pilot, lambda: "completed" in text_of(app))


@pytest.mark.asyncio
async def test_two_quick_steps_are_one_run():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("n", "n", "n")
        await until(pilot, lambda: app.bench.session.paused)
        assert len(app.bench.session.runs) == 1


@pytest.mark.asyncio
async def test_a_refused_form_leaves_a_paused_run_paused():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await begin(app, pilot, "n")
        app.bench.draft.change("training.epochs", "none of it")
        await pilot.press("r")
        await pilot.pause(0.05)
        assert app.bench.session.paused


@pytest.mark.asyncio
async def test_all_arms_of_the_preset_in_the_form_run_by_one_key():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await until(pilot, lambda: app.bench.session.runs and not app.bench.session.working)
        assert [run.history.arm for run in app.bench.session.runs] == ["baseline", "batch norm", "layer norm"]


@pytest.mark.asyncio
async def test_the_part_with_the_focus_stays_when_the_terminal_shrinks():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("r", "t")
        await until(pilot, lambda: isinstance(app.focused, RunsTable))
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: app.screen.has_class("-narrow"))
        await pilot.pause()
        assert isinstance(app.focused, RunsTable)
        assert app.focused.region.height > 3


@pytest.mark.asyncio
async def test_after_a_drop_the_cursor_is_on_the_next_run():
    app = lab(start=slow)
    async with app.run_test(size=WIDE) as pilot:
        run = await begin(app, pilot)
        await pilot.press("r", "r", "r", "t", "down", "D", "D", "D")
        await until(pilot, lambda: app.bench.session.runs == [run])
        await pilot.press("D")
        await pilot.pause()
        assert app.bench.session.runs == [run]
        await pilot.press("x")
        await until(pilot, lambda: run.finished)


@pytest.mark.asyncio
async def test_the_form_keeps_its_place_while_another_part_is_shown():
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: app.screen.form.last == "model.norm.kind")
        for key in "gftf":
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: app.focused is not None)
        await pilot.press("right")
        await until(pilot, lambda: app.bench.draft.experiment.model.norm.kind == "batch")


@pytest.mark.asyncio
async def test_keys_do_nothing_blindly_where_the_terminal_is_too_small():
    app = lab(start=slow)
    async with app.run_test(size=NARROW) as pilot:
        run = await begin(app, pilot)
        await pilot.resize_terminal(79, 21)
        await until(pilot, lambda: "too small" in text_of(app))
        await pilot.press("x")
        await pilot.pause(0.05)
        assert not run.finished
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: "too small" not in text_of(app))
        await pilot.press("x")
        await until(pilot, lambda: run.finished)


@pytest.mark.asyncio
async def test_a_refusal_leads_to_its_setting():
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        app.bench.draft.change("loss.kind", "mse")
        await pilot.press("g", "r")
        await until(pilot, lambda: app.screen.form.last == "loss.kind" and app.screen.form.has_focus_within)


@pytest.mark.asyncio
async def test_keys_of_ones_own_stand_on_the_screen():
    app = LabApp(load_preset("digits"), Preferences(keys={"run": "f5"}), start=script)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "Run f5" in text_of(app))
        assert "Press f5" in text_of(app)
