"""The charts: when they are drawn anew, and from how much."""

import random

import pytest
from support.charts import SETTINGS, ChartApp, measured, press, repaint, session_of
from support.screens import until


@pytest.mark.asyncio
async def test_new_points_are_drawn_twice_a_second_and_keys_at_once(clock):
    session = session_of(*SETTINGS[:1], work=False)
    run = session.runs[0]
    run.taken = True
    run.history.fold(measured(run, 1, train_loss=1.0))
    app = ChartApp(session)
    async with app.run_test(size=(80, 20)) as pilot:
        canvas = app.pane.canvas
        repaint(app)
        assert canvas.num_builds == 1
        for epoch in range(2, 42):
            clock[0] += 0.1
            run.history.fold(measured(run, epoch, train_loss=1 / epoch))
            app.pane.refresh_session()
            repaint(app)
        assert 8 <= canvas.num_builds <= 9, "in four seconds"
        builds = canvas.num_builds
        await pilot.press("m", "m", "m", "m", "m", "m")
        await pilot.pause()
        repaint(app)
        assert builds + 1 <= canvas.num_builds <= builds + 2, "four a second at most"


@pytest.mark.asyncio
async def test_what_was_put_off_is_drawn_later_by_itself(two, clock):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        for key in "ysaysay":
            await pilot.press(key)
            repaint(app)
        canvas = app.pane.canvas
        assert canvas.num_builds <= 4
        assert canvas._key != canvas._wanted
        clock[0] += 1
        await until(pilot, lambda: canvas._key == canvas._wanted)


@pytest.mark.asyncio
async def test_nothing_is_drawn_that_nobody_sees_or_that_has_not_changed(two, clock):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        for _ in range(5):
            clock[0] += 2
            two.touch()
            app.pane.refresh_session()
            await pilot.pause()
        assert app.pane.canvas.num_builds == 1
        app.pane.display = False
        await press(pilot, clock, "m", "m", "m")
        assert app.pane.canvas.num_builds == 1


@pytest.mark.asyncio
async def test_noise_is_drawn_from_few_points():
    session = session_of(*SETTINGS[:2], work=False)
    rng = random.Random(0)
    for run in session.runs:
        run.taken = True
        for epoch in range(1, 3000):
            run.history.fold(measured(run, epoch, train_loss=rng.random(), val_loss=rng.random()))
    app = ChartApp(session)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        repaint(app)
        assert 20 <= app.pane.canvas.drawing.num_points <= 160
