import math
import random

import pytest
from textual.app import App

from normlab.engine.events import Measured, Probed, RunFinished
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.tui.session import Session
from normlab.tui.themes import DEFAULT, MARKS, PALETTES
from normlab.tui.widgets import chart_canvas
from normlab.tui.widgets.charts import NO_LOG, NO_POINTS, NO_RUNS, NO_VALUES, NONE_PICKED, ChartPane
from normlab.tui.widgets.legend import legend, number, place
from normlab.tui.widgets.metric_tabs import MetricTabs
from normlab.views.curves import ChartChoices

SETTINGS = ({}, {"model.norm.kind": "layer"}, {"model.norm.kind": "batch"}, {"optimizer.kind": "sgd"})
HOSTILE = ("[@click=app.quit]x", "\x1b[31mred", "\u202egnp.exe", "[/]", "[bold")


class Host(App):
    CSS = "ChartPane { height: 1fr; }"

    def __init__(self, session, choices=None, theme=DEFAULT):
        super().__init__()
        self.session, self.choices, self.chosen = session, choices or ChartChoices(), []
        for palette in PALETTES.values():
            self.register_theme(palette.theme)
        self.theme = theme

    def compose(self):
        yield ChartPane(self.session, self.choices)

    def on_mount(self):
        self.pane.focus_last()

    def on_chart_pane_chosen(self, event):
        self.chosen.append(event.choices)

    @property
    def pane(self):
        return self.query_one(ChartPane)

    @property
    def screen_text(self):
        return "\n".join(line.text for line in self.screen._compositor.render_strips())

    @property
    def reading(self):
        return str(self.query_one("#reading").visual)

    @property
    def legend(self):
        return str(self.query_one("#legend").visual).split("\n")


def session_of(script, *settings, work=True):
    session = Session(lambda work: None, script)
    for some in settings:
        session.queue(change(Experiment(), {"training.epochs": 8, **some}))
    if work:
        session.work()
    return session


@pytest.fixture
def two(script):
    """Two runs of eight epochs, the second with LayerNorm."""
    return session_of(script, *SETTINGS[:2])


@pytest.fixture
def clock(monkeypatch):
    """A clock for the canvas that stands still until it is told otherwise."""
    now = [1000.0]
    monkeypatch.setattr(chart_canvas, "monotonic", lambda: now[0])
    return now


def repaint(app):
    """Draw what is there, as the next frame would."""
    canvas = app.pane.canvas
    return "\n".join(strip.text for strip in canvas.render_lines(canvas.size.region))


async def press(pilot, clock, *keys):
    """Press keys, slowly enough for each to be drawn."""
    for key in keys:
        clock[0] += 2
        await pilot.press(key)
        await pilot.pause()


def measured(run, epoch, **metrics):
    return Measured(run=run.id, epoch=epoch, step=epoch * 20, metrics={"seconds": epoch / 10, **metrics})


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(80, 20), (72, 24), (50, 12)])
@pytest.mark.parametrize("theme", list(PALETTES))
async def test_both_runs_are_drawn_and_named(two, size, theme):
    app = Host(two, theme=theme)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = repaint(app)
        assert MARKS[0] in text
        assert MARKS[1] in text
        assert any("\u2800" < character <= "\u28ff" for character in text)
        assert [line[:10].strip() for line in app.legend] == ["• baseline", "x norm = l"]
        assert all("completed" in line for line in app.legend)
        assert all(len(line) <= size[0] for line in app.screen_text.split("\n"))


@pytest.mark.asyncio
async def test_each_run_has_its_hue_of_the_theme_and_follows_it(two, clock):
    app = Host(two)
    async with app.run_test(size=(80, 20)) as pilot:
        for theme in ("normlab-dark", "colour-blind-light"):
            clock[0] += 2
            app.theme = theme
            await pilot.pause()
            await pilot.pause()
            repaint(app)
            drawn = "".join(app.pane.canvas.drawing.lines)
            for hue in PALETTES[theme].hues[:2]:
                red, green, blue = (int(hue[i : i + 2], 16) for i in (1, 3, 5))
                assert f"38;2;{red};{green};{blue}" in drawn


@pytest.mark.asyncio
async def test_a_theme_from_elsewhere_gets_the_default_hues(two):
    app = Host(two, theme="nord")
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        repaint(app)
        assert "38;2;108;182;255" in "".join(app.pane.canvas.drawing.lines)


@pytest.mark.asyncio
async def test_marks_tell_runs_apart_without_colour(two, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = Host(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert app.no_color
        assert all(mark in app.screen_text for mark in ("• baseline", "x norm = layer"))
        assert all(repaint(app).count(mark) >= 4 for mark in "•x")


@pytest.mark.asyncio
async def test_plain_characters_do_for_poor_fonts(two):
    app = Host(two, ChartChoices(ascii=True))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert app.screen_text.isascii()
        await pilot.press("left")
        await pilot.pause()
        assert app.screen_text.isascii()


@pytest.mark.asyncio
async def test_an_empty_chart_says_why(script):
    session = session_of(script)
    app = Host(session)
    async with app.run_test(size=(80, 20)) as pilot:

        async def text():
            app.pane.refresh_session()
            await pilot.pause()
            return app.screen_text

        await pilot.press("left", "right", "home", "end", "z", "Z", "comma", "full_stop", "escape")
        assert NO_RUNS in await text()
        run = session.queue(Experiment())
        assert NO_POINTS in await text(), "it waits"
        run.taken = True
        assert NO_POINTS in await text(), "it trains"
        run.history.fold(measured(run, 1, train_loss=0.0))
        assert NO_LOG in await text()
        run.history.points.clear()
        run.history.fail("no reason")
        assert NO_VALUES in await text()
        run.shown = False
        assert NONE_PICKED in await text()


@pytest.mark.asyncio
async def test_tabs_go_round_and_are_told_to_the_app(two, clock):
    app = Host(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await press(pilot, clock, "m")
        assert "linear" in app.reading
        await press(pilot, clock, "m", "m", "m", "M")
        assert [c.metric for c in app.chosen] == ["accuracy", "lr", "grad_norm", "loss", "grad_norm"]
        assert app.pane.choices == app.chosen[-1]


@pytest.mark.asyncio
async def test_a_click_on_a_tab_brings_it_to_the_front(two):
    app = Host(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        await pilot.click(MetricTabs, offset=(app.screen_text.index("Learning"), 0))
        assert [c.metric for c in app.chosen] == ["lr"]
        await pilot.click(MetricTabs, offset=(79, 0))
        assert len(app.chosen) == 1, "there is no tab"


@pytest.mark.asyncio
async def test_a_tab_that_no_run_has_shows_the_loss_and_is_kept(two):
    app = Host(two, ChartChoices(metric="rmse"))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert "line train, marks val" in app.reading
        assert app.pane.choices.metric == "rmse"


@pytest.mark.asyncio
async def test_keys_change_the_scale_the_smoothing_and_the_axis(two, clock):
    app = Host(two)
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
        assert app.chosen[-1] == ChartChoices(axis="epoch")


@pytest.mark.asyncio
async def test_accuracy_stays_linear(two, clock):
    app = Host(two, ChartChoices(metric="accuracy"))
    async with app.run_test(size=(80, 20)) as pilot:
        await press(pilot, clock, "y")
        assert app.chosen == []
        assert "linear" in app.reading


@pytest.mark.asyncio
async def test_the_cursor_reads_every_curve_and_draws_nothing_anew(two):
    app = Host(two)
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
            assert app.reading == f"epoch {epoch}   • {values[0]}   x {values[1]}"
        column = app.pane.canvas.drawing.column(8)
        assert sum(line[column] == "│" for line in repaint(app).split("\n")[:-2]) > 3
        assert builds == app.pane.canvas.num_builds == 1
        await pilot.press("escape")
        assert repaint(app) == before


@pytest.mark.asyncio
async def test_a_click_puts_the_cursor_at_the_nearest_point(two):
    app = Host(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        repaint(app)
        column = app.pane.canvas.drawing.column(5)
        await pilot.click("ChartCanvas", offset=(column + 2, 4))
        assert app.reading.startswith("epoch 5 ")


@pytest.mark.asyncio
async def test_zooming_draws_less_and_panning_moves_it(two, clock):
    app = Host(two)
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


@pytest.mark.asyncio
async def test_a_run_that_has_diverged_shows(script):
    session = session_of(script, *SETTINGS[:2])
    run = session.runs[1]
    run.history.fold(measured(run, 9, train_loss=math.nan, val_loss=math.inf))
    run.history.fold(RunFinished(run=run.id, outcome="diverged", best=run.history.best, seconds=1.0))
    app = Host(session)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        top = repaint(app).split("\n")[0]
        assert top[app.pane.canvas.drawing.column(8)] == "▲"
        assert app.legend[1].split()[4:7] == ["nan", "/", "inf"]
        assert app.legend[1].rstrip().endswith("diverged ▲")
        assert "▲ diverged" in app.reading


@pytest.mark.asyncio
@pytest.mark.parametrize("text", HOSTILE)
async def test_names_are_shown_harmlessly(two, text):
    two.runs[0].name = text
    app = Host(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert two.label(two.runs[0]) in app.legend[0]
        assert two.label(two.runs[0]) in app.screen_text
        assert "\x1b" not in app.screen_text
        assert "\u202e" not in app.screen_text


@pytest.mark.asyncio
async def test_the_legend_counts_what_it_does_not_name(script):
    session = session_of(script, *({"seed": seed} for seed in range(9)))
    app = Host(session)
    async with app.run_test(size=(80, 32)) as pilot:
        await pilot.pause()
        assert len(app.legend) == 7
        assert app.legend[-1] == "+3 more"


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [40, 60, 100])
async def test_the_legend_is_aligned_and_fits(script, width):
    session = session_of(script, *SETTINGS)
    app = Host(session)
    async with app.run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        assert max(map(len, app.legend)) <= width
        assert len({line.index("completed") for line in app.legend if "completed" in line}) <= 1
        assert len({line.index(" / ") for line in app.legend}) == 1


def probed(run, sizes, step=1):
    ends = tuple(1.0 for _ in sizes)
    lows = tuple(-1.0 for _ in sizes)
    return Probed(
        run=run.id, epoch=step, step=step, low=lows, high=ends, sizes=sizes, train=(), val=(),
        answers=tuple(float(i % 2) for i in range(math.prod(sizes))),
    )  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize(("sizes", "title"), [((9,), "Fit"), ((9, 9), "Surface")])
async def test_the_picture_is_of_one_run_and_the_arrows_choose_it(two, clock, sizes, title):
    app = Host(two)
    async with app.run_test(size=(80, 20)) as pilot:
        assert title not in app.screen_text
        for run in two.runs:
            run.history.fold(probed(run, sizes))
        app.pane.refresh_session()
        await press(pilot, clock, "M")
        assert title in app.screen_text
        assert app.reading.startswith("x norm = layer, epoch 8")
        assert repaint(app).strip()
        await press(pilot, clock, "right")
        assert app.reading.startswith("• baseline")
        await press(pilot, clock, "right")
        assert app.reading.startswith("x norm = layer")
        two.drop(two.runs[1])
        await press(pilot, clock, "left")
        assert app.reading.startswith("• baseline")


@pytest.mark.asyncio
async def test_new_points_are_drawn_twice_a_second_and_keys_at_once(script, clock):
    session = session_of(script, *SETTINGS[:1], work=False)
    run = session.runs[0]
    run.taken = True
    run.history.fold(measured(run, 1, train_loss=1.0))
    app = Host(session)
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
async def test_what_was_put_off_is_drawn_later_by_itself(two):
    app = Host(two)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("y", "y", "y", "y", "y", "y", "y")
        canvas = app.pane.canvas
        assert canvas.num_builds <= 4
        assert canvas._key != canvas._wanted
        for _ in range(100):
            await pilot.pause(0.05)
            if canvas._key == canvas._wanted:
                break
        assert canvas._key == canvas._wanted


@pytest.mark.asyncio
async def test_nothing_is_drawn_that_nobody_sees_or_that_has_not_changed(two, clock):
    app = Host(two)
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
async def test_noise_is_drawn_from_few_points(script):
    session = session_of(script, *SETTINGS[:2], work=False)
    rng = random.Random(0)
    for run in session.runs:
        run.taken = True
        for epoch in range(1, 3000):
            run.history.fold(measured(run, epoch, train_loss=rng.random(), val_loss=rng.random()))
    app = Host(session)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        repaint(app)
        assert 20 <= app.pane.canvas.drawing.num_points <= 160


def test_numbers_stay_short():
    for value in (
        0.0,
        1.0,
        -1.0,
        0.001,
        999.9,
        999.96,
        1000.0,
        123456.7,
        3e38,
        -2e-30,
        math.nan,
        math.inf,
        None,
    ):
        assert len(number(value, 4)) <= 8, value
    assert (place(1200), place(0.25), place(3.0)) == ("1,200", "0.25", "3")


def test_a_legend_of_nothing_is_empty():
    assert legend([], 80, 6, ascii=False).plain == ""
