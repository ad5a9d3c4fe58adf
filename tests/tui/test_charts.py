"""The charts: what is drawn and said."""

import math

import pytest
from support.charts import SETTINGS, ChartApp, measured, repaint, session_of
from support.screens import HOSTILE_NAMES, text_of, until

from normlab.engine.events import RunFinished
from normlab.lab.experiment import Experiment
from normlab.tui.themes import PALETTES
from normlab.tui.widgets.charts import NO_LOG, NO_POINTS, NO_RUNS, NO_VALUES, NONE_PICKED
from normlab.views.curves import ChartChoices
from normlab.views.marks import MARKS


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(80, 20), (72, 24), (50, 12)])
@pytest.mark.parametrize("theme", list(PALETTES))
async def test_both_runs_are_drawn_and_named(two, size, theme):
    app = ChartApp(two, theme=theme)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = repaint(app)
        assert MARKS[0] in text
        assert MARKS[1] in text
        assert any("\u2800" < character <= "\u28ff" for character in text)
        assert [line[:10].strip() for line in app.legend] == ["o baseline", "x norm = l"]
        assert all("completed" in line for line in app.legend)
        assert all(len(line) <= size[0] for line in text_of(app).split("\n"))


def drawing(app):
    """The drawing as it is made, with its colours."""
    repaint(app)
    return "".join(app.pane.canvas.drawing.lines)


@pytest.mark.asyncio
async def test_each_run_has_its_hue_of_the_theme_and_follows_it(two, clock):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        for theme in ("normlab-dark", "colour-blind-light"):
            clock[0] += 2
            app.theme = theme
            for hue in PALETTES[theme].hues[:2]:
                red, green, blue = (int(hue[i : i + 2], 16) for i in (1, 3, 5))
                await until(pilot, lambda code=f"38;2;{red};{green};{blue}": code in drawing(app))


@pytest.mark.asyncio
async def test_a_theme_from_elsewhere_gets_the_default_hues(two):
    app = ChartApp(two, theme="nord")
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert "38;2;108;182;255" in drawing(app)


@pytest.mark.asyncio
async def test_marks_tell_runs_apart_without_colour(two, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert app.no_color
        assert all(mark in text_of(app) for mark in ("o baseline", "x norm = layer"))
        assert all(repaint(app).count(mark) >= 4 for mark in "ox")


@pytest.mark.asyncio
async def test_plain_characters_do_for_poor_fonts(two):
    app = ChartApp(two, ChartChoices(ascii=True))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert text_of(app).isascii()
        await pilot.press("left")
        await pilot.pause()
        assert text_of(app).isascii()


@pytest.mark.asyncio
async def test_an_empty_chart_says_why():
    session = session_of()
    app = ChartApp(session)
    async with app.run_test(size=(80, 20)) as pilot:

        async def text():
            app.pane.refresh_session()
            await pilot.pause()
            return text_of(app)

        await pilot.press("left", "right", "home", "end", "z", "Z", "comma", "full_stop", "escape")
        assert NO_RUNS.format(run="r") in await text()
        run = session.queue(Experiment())
        assert NO_POINTS in await text(), "it waits"
        run.taken = True
        assert NO_POINTS in await text(), "it trains"
        run.history.fold(measured(run, 1, train_loss=0.0))
        assert NO_LOG.format(log="y") in await text()
        run.history.points.clear()
        run.history.fail("no reason")
        assert NO_VALUES in await text()
        run.shown = False
        assert NONE_PICKED in await text()


@pytest.mark.asyncio
async def test_a_tab_that_no_run_has_shows_the_loss_and_is_kept(two):
    app = ChartApp(two, ChartChoices(metric="rmse"))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert "line train, marks val" in app.reading
        assert app.pane.choices.metric == "rmse"


@pytest.mark.asyncio
async def test_a_run_that_has_diverged_shows():
    session = session_of(*SETTINGS[:2])
    run = session.runs[1]
    run.history.fold(measured(run, 9, train_loss=math.nan, val_loss=math.inf))
    run.history.fold(RunFinished(run=run.id, outcome="diverged", best=run.history.best, seconds=1.0))
    app = ChartApp(session)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        top = repaint(app).split("\n")[0]
        assert top[app.pane.canvas.drawing.column(9)] == "▲"
        assert app.legend[1].split()[4:7] == ["nan", "/", "inf"]
        assert app.legend[1].rstrip().endswith("diverged ▲")
        assert "▲ diverged" in app.reading


@pytest.mark.asyncio
@pytest.mark.parametrize("text", HOSTILE_NAMES)
async def test_names_are_shown_harmlessly(two, text):
    two.runs[0].name = text
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert two.label(two.runs[0]) in app.legend[0]
        assert two.label(two.runs[0]) in text_of(app)
        assert "\x1b" not in text_of(app)
        assert "\u202e" not in text_of(app)


@pytest.mark.asyncio
async def test_a_drawing_that_fails_is_a_sentence(two, monkeypatch):
    def fail(*_arguments):
        raise ValueError("math domain error [bold]")

    monkeypatch.setattr("normlab.tui.widgets.charts.draw_curves", fail)
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert "The chart can't be drawn: ValueError: math domain error [bold]" in text_of(app)
