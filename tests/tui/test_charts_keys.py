"""The charts: what keys and clicks do."""

import math

import pytest
from support.charts import ChartApp, press, repaint, session_of
from support.screens import text_of, until

from normlab.engine.events import Probed, ProbeSamples
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.legend import number
from normlab.tui.widgets.metric_tabs import MetricTabs
from normlab.views.curves import ChartChoices


@pytest.mark.asyncio
async def test_tabs_go_round_and_are_told_to_the_app(two, clock):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await press(pilot, clock, "m")
        assert "linear" in app.reading
        await press(pilot, clock, "m", "m", "m", "M")
        assert [c.metric for c in app.chosen] == ["accuracy", "lr", "grad_norm", "loss", "grad_norm"]
        assert app.pane.choices == app.chosen[-1]


@pytest.mark.asyncio
async def test_a_click_on_a_tab_brings_it_to_the_front(two):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        await pilot.click(MetricTabs, offset=(text_of(app).index("Learning"), 0))
        await until(pilot, lambda: app.chosen)
        assert [c.metric for c in app.chosen] == ["lr"]
        await pilot.click(MetricTabs, offset=(79, 0))
        assert len(app.chosen) == 1, "there is no tab"


@pytest.mark.asyncio
async def test_keys_change_the_scale_the_smoothing_and_the_axis(two, clock):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        shown = [repaint(app)]
        for key, word in (
            ("y", "linear"),
            ("s", "smoothed 0.6"),
            ("s", "smoothed 0.9"),
            ("a", "steps"),
            ("a", "seconds"),
        ):
            await press(pilot, clock, key)
            assert word in app.reading
            shown.append(repaint(app))
        assert len(set(shown)) == len(shown), "each is drawn otherwise"
        await press(pilot, clock, "s", "a", "y")
        assert app.chosen[-1] == ChartChoices()


@pytest.mark.asyncio
async def test_accuracy_stays_linear(two, clock):
    app = ChartApp(two, ChartChoices(metric="accuracy"))
    async with app.run_test(size=(80, 20)) as pilot:
        await press(pilot, clock, "y")
        assert app.chosen == []
        assert "linear" in app.reading


@pytest.mark.asyncio
async def test_the_cursor_reads_every_curve_and_draws_nothing_anew(two):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        before, builds = repaint(app), app.pane.canvas.num_builds
        await pilot.press("left")
        first, second = (run.history.points for run in two.runs)
        for keys, epoch in ((), 8), (["left", "left"], 6), (["right"], 7), (["home"], 1), (["end"], 8):
            await pilot.press(*keys)
            values = [
                " / ".join(number(points[epoch - 1].metrics[name], 4) for name in ("train_loss", "val_loss"))
                for points in (first, second)
            ]
            assert app.reading == f"epoch {epoch}   o {values[0]}   x {values[1]}"
        column = app.pane.canvas.drawing.column(8)
        assert sum(line[column] == "│" for line in repaint(app).split("\n")[:-2]) > 3
        assert builds == app.pane.canvas.num_builds == 1
        await pilot.press("escape")
        assert repaint(app) == before


@pytest.mark.asyncio
async def test_a_click_puts_the_cursor_at_the_nearest_point(two):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        repaint(app)
        column = app.pane.canvas.drawing.column(5)
        await pilot.click("ChartCanvas", offset=(column + 2, 4))
        await until(pilot, lambda: app.reading.startswith("epoch 5 "))


@pytest.mark.asyncio
async def test_zooming_draws_less_and_panning_moves_it(two, clock):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await press(pilot, clock, "z")
        assert "5 to 8" in app.reading
        assert repaint(app).split("\n")[-1].split()[-1] == "8"
        assert "1" not in repaint(app).split("\n")[-1].split()
        await press(pilot, clock, "comma", "shift+left")
        assert "3 to 6" in app.reading
        await press(pilot, clock, "full_stop", "shift+right")
        assert "5 to 8" in app.reading
        await press(pilot, clock, "Z")
        assert " to " not in app.reading
        assert app.chosen == [], "where somebody looks is not how"


def probed(run, sizes, epoch=7):
    ends, lows = (1.0,) * len(sizes), (-1.0,) * len(sizes)
    return Probed(
        run=run.id, epoch=epoch, step=epoch, low=lows, high=ends, sizes=sizes, num_classes=2,
        answers=tuple(float(i % 2) for i in range(math.prod(sizes))), samples=ProbeSamples(train=(), val=()),
    )  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize(("sizes", "title"), [((9,), "Fit"), ((9, 9), "Surface")])
async def test_the_picture_is_of_one_run_and_the_arrows_choose_it(two, clock, sizes, title):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        assert title not in text_of(app)
        for run in two.runs:
            run.history.fold(probed(run, sizes))
        app.pane.refresh_session()
        await press(pilot, clock, "M")
        assert title in text_of(app)
        assert app.reading.startswith("x norm = layer, epoch 7")
        assert repaint(app).strip()
        await press(pilot, clock, "right")
        assert app.reading.startswith("o baseline")
        await press(pilot, clock, "right")
        assert app.reading.startswith("x norm = layer")
        two.drop(two.runs[1])
        await press(pilot, clock, "left")
        assert app.reading.startswith("o baseline")


@pytest.mark.asyncio
async def test_the_cursor_shows_only_where_its_place_is_looked_at(two, clock):
    app = ChartApp(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await press(pilot, clock, "z")
        without = repaint(app)
        await press(pilot, clock, "left", "home", "comma", "comma")
        app.pane.viewport.cursor = 8
        app.pane._show()
        seen = repaint(app)
        assert all(line[app.pane.canvas.drawing.left] != "│" for line in seen.split("\n")[:-2])
        assert without.count("│") == seen.count("│")


@pytest.mark.asyncio
async def test_many_runs_are_read_on_two_lines_and_the_rest_is_counted(clock):
    session = session_of(*({"seed": seed} for seed in range(9)))
    app = ChartApp(session)
    async with app.run_test(size=(80, 30)) as pilot:
        await press(pilot, clock, "left")
        lines = app.reading.split("\n")
        assert len(lines) == 2
        assert max(map(len, lines)) <= 80
        told = sum(line.count(" / ") for line in lines)
        assert told >= 6
        assert lines[1].endswith(f"+{9 - told} more")


@pytest.mark.asyncio
async def test_two_panes_show_the_same_choices(two, clock):
    app = ChartApp(two)
    async with app.run_test(size=(80, 40)) as pilot:
        other = ChartPane(two)
        await app.mount(other)
        await press(pilot, clock, "m", "A")
        other.refresh_session()
        await pilot.pause()
        assert other.choices == app.chosen[-1] == ChartChoices(metric="accuracy", ascii=True)
        assert "accuracy" in str(other.query_one(MetricTabs).render()).lower()
