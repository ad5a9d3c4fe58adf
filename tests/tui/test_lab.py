"""The loop that the lab serves, by its keys: load, change one thing, run, fork, compare, save."""

import pytest
from support.lab import lab
from support.screens import NARROW, SIZES, WIDE, details_shown, text_of, until
from support.script import script
from textual.events import Paste
from textual.widgets import Input

from normlab.core import places
from normlab.core.text import hidden_characters
from normlab.lab.presets import load_preset, load_preset_file, save_preset
from normlab.tui.preferences import Preferences
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.compare import CompareScreen
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.help import HelpScreen
from normlab.tui.screens.lab import LabScreen
from normlab.tui.screens.presets import PresetsScreen
from normlab.tui.screens.read import Read
from normlab.tui.themes import PALETTES
from normlab.tui.widgets.form import ExperimentForm
from normlab.tui.widgets.run_bar import RunBar
from normlab.tui.widgets.runs_table import RunsTable

pytestmark = pytest.mark.usefixtures("no_torch")


def idle(app):
    return lambda: bool(app.bench.session.runs) and not app.bench.session.working


@pytest.mark.asyncio
@SIZES
@pytest.mark.parametrize("theme", ["normlab-dark", "normlab-light"])
async def test_the_whole_loop_by_keys(size, theme):
    app = lab(theme=theme)
    async with app.run_test(size=size) as pilot:
        session = app.bench.session
        # The first curve takes one key; the focus stands on the norm, to be changed with one more.
        await pilot.press("r")
        await until(pilot, idle(app))
        await pilot.press("right", "r")
        await until(pilot, lambda: len(session.runs) == 2 and not session.working)
        assert [session.label(run) for run in session.runs] == ["baseline", "norm = batch"]
        # Fork the second, change another thing: two changes are called by their name.
        await pilot.press("t", "down", "o")
        await until(pilot, lambda: app.bench.draft.experiment == session.runs[1].experiment)
        app.screen.query_one(ExperimentForm).focus_row("training.epochs")
        await pilot.press("5", "enter", "r")
        await until(pilot, lambda: len(session.runs) == 3 and not session.working)
        assert session.label(session.runs[2]) == "confounded: 2 changes"
        # Side by side.
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await until(pilot, lambda: "training.epochs" in text_of(app))
        assert "norm = batch" in text_of(app)
        # Save the form as a preset, and find it among one's own.
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PresetsScreen))
        await pilot.press("w")
        await until(pilot, lambda: app.screen.query("#name"))
        app.screen.query_one("#name", Input).value = "mine"
        app.screen.query_one("#preset-title", Input).value = "My own"
        await pilot.press("ctrl+s")
        path = places.own_presets() / "mine.toml"
        await until(pilot, path.exists)
        assert load_preset_file(path).experiment == session.runs[2].experiment
        await pilot.press("l")
        await pilot.pause()


@pytest.mark.asyncio
@SIZES
async def test_a_preset_is_loaded_and_all_its_arms_run(size):
    app = lab()
    async with app.run_test(size=size) as pilot:
        app.run_all(load_preset("digits").with_(study={"seeds": 2}), places.shipped_presets() / "digits.toml")
        session = app.bench.session
        await until(pilot, idle(app))
        assert len(session.runs) == 6
        app.load_preset(load_preset("d1-circles"), places.shipped_presets() / "d1-circles.toml")
        await pilot.pause()
        assert app.bench.draft.experiment == load_preset("d1-circles").experiment
        await pilot.press("r")
        await until(pilot, lambda: len(session.runs) == 7 and not session.working)
        assert session.baseline is session.runs[6]  # a loaded preset begins a new comparison


@pytest.mark.asyncio
@SIZES
@pytest.mark.parametrize("theme", [*PALETTES, None])
async def test_every_screen_shows_itself_in_every_theme(monkeypatch, size, theme):
    if theme is None:
        monkeypatch.setenv("NO_COLOR", "1")
    app = lab(theme=theme or "normlab-dark")
    async with app.run_test(size=size) as pilot:
        await pilot.press("r")
        await until(pilot, idle(app))
        for key, kind, words in (
            ("c", CompareScreen, "run something"),
            ("p", PresetsScreen, "Shipped presets"),
            ("question_mark", HelpScreen, "Everywhere"),
        ):
            await pilot.press(key)
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind))
            await until(pilot, lambda words=words: words in text_of(app) or "baseline" in text_of(app))
            assert "normlab" in text_of(app).splitlines()[0]
        await pilot.press("l")
        await until(pilot, lambda: app.screen.query(RunBar))
        assert app.no_color == (theme is None)


@pytest.mark.asyncio
async def test_what_cannot_run_says_why_beside_the_run_key():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        app.bench.draft.change("model.norm.kind", "group")
        app.bench.draft.change("model.norm.groups", 3)
        app.screen.refresh_form()
        await until(pilot, lambda: "can't run" in text_of(app))
        assert "does not divide 128 channels" in text_of(app)
        assert app.screen.query_one(RunBar).start.disabled
        await pilot.press("r")
        assert not app.bench.session.runs


@pytest.mark.asyncio
async def test_pause_step_and_stop():
    app = lab(start=lambda run: script(run, epochs=20_000, seconds_each=0.005))
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await pilot.press("n")
        await until(pilot, lambda: session.paused)
        (run,) = session.runs
        assert len(run.history.points) == 1
        await pilot.press("n")
        await until(pilot, lambda: len(run.history.points) == 2 and session.paused)
        await pilot.press("space")
        await until(pilot, lambda: len(run.history.points) > 4)
        await pilot.press("r", "x")
        await until(pilot, lambda: run.finished)
        assert session.state(run) == "stopped"
        await until(pilot, lambda: session.runs[1].history.points)
        await pilot.press("r", "X")
        await until(pilot, idle(app))
        assert [session.state(run) for run in session.runs] == ["stopped", "stopped"]


@pytest.mark.asyncio
async def test_a_failed_run_is_a_row_with_a_trace_to_read_and_save():
    def start(run):
        yield from []
        raise RuntimeError("[@click=app.quit]torch fell over[/]")

    app = lab(start=start)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("r")
        await until(pilot, idle(app))
        await until(pilot, lambda: "failed" in text_of(app))
        await until(pilot, lambda: "[@click=app.quit]torch fell over[/]" in text_of(app))
        await pilot.press("t", "i")
        await until(pilot, lambda: isinstance(app.screen, Read))
        assert "Traceback" in text_of(app)


@pytest.mark.asyncio
async def test_leaving_while_something_trains_asks_first():
    app = lab(start=lambda run: script(run, epochs=20_000, seconds_each=0.005))
    async with app.run_test(size=NARROW) as pilot:
        session = app.bench.session
        await pilot.press("r")
        await until(pilot, lambda: session.runs and session.runs[0].history.points)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        assert not session.runs[0].finished
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: session.runs[0].finished)
    assert session.state(session.runs[0]) == "interrupted"
    assert app.return_code == 0


@pytest.mark.asyncio
async def test_too_small_a_terminal_says_so_and_goes_on_training():
    app = lab(start=lambda run: script(run, epochs=50, seconds_each=0.002))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("r")
        await pilot.resize_terminal(60, 15)
        await until(pilot, lambda: "too small" in text_of(app))
        await until(pilot, idle(app))
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Run" in text_of(app))


@pytest.mark.asyncio
async def test_runs_are_picked_pinned_renamed_and_dropped():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await pilot.press("r")
        await pilot.press("right", "r")
        await until(pilot, lambda: len(session.runs) == 2 and not session.working)
        table = app.screen.query_one(RunsTable)
        await pilot.press("t", "down", "enter")
        await until(pilot, lambda: session.drawn == [session.runs[0]])
        await pilot.press("b")
        await until(pilot, lambda: session.baseline is session.runs[1])
        assert app.bench.draft.baseline == session.runs[1].experiment
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"new", "enter")
        await until(pilot, lambda: session.label(session.runs[1]) == "new")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: len(session.runs) == 1)
        await until(pilot, lambda: table.row_count == 1)
        assert session.baseline is session.runs[0]


@pytest.mark.asyncio
async def test_choices_are_remembered_for_the_next_sitting():
    from normlab.tui import preferences

    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        app.theme = "colour-blind-light"
        app.load_preset(load_preset("d1-circles"), places.shipped_presets() / "d1-circles.toml")
        await pilot.press("g", "y")
        await until(pilot, lambda: app.preferences.chart != Preferences().chart)
    remembered, problems = preferences.load()
    assert not problems
    assert (remembered.theme, remembered.preset) == ("colour-blind-light", "d1-circles")
    assert remembered.chart != Preferences().chart


@pytest.mark.asyncio
async def test_keys_can_be_ones_own():
    app = lab(keys={"run": "f5"})
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("f5")
        await until(pilot, idle(app))
        assert len(app.bench.session.runs) == 1
        await pilot.press("r")
        await pilot.pause()
        assert len(app.bench.session.runs) == 1


@pytest.mark.asyncio
async def test_the_palette_offers_what_the_keys_do():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        offered = {command.title: command for command in app.get_system_commands(app.screen)}
        assert {"Run what the form says", "Pause or go on", "Log/linear", "Baseline", "Theme"} <= set(offered)
        await offered["Run what the form says"].callback()
        await until(pilot, idle(app))
        assert len(app.bench.session.runs) == 1


HOSTILE = "[@click=app.quit]x[/][red] \x1b]0;pwned\x07 \u202eevil [/"


@pytest.mark.asyncio
async def test_hostile_text_is_shown_harmlessly_on_every_screen(tmp_path):
    """Names, presets, paths, errors and traces, through every screen: no raw control character comes out."""
    written = []

    def start(run):
        yield from script(run, epochs=2)
        raise RuntimeError(HOSTILE)

    places.own_presets().mkdir(parents=True)
    (places.own_presets() / "evil[red]\x1b[31m.toml").write_text('title = "[@click=app.quit]x[/]"\nabout = 3')
    fine = "[@click=app.quit]x[/] [link](https://example.org) [/"
    named = load_preset("digits").with_(
        title=fine, about=fine, source=fine, arms=({"name": fine, "set": {}},)
    )
    save_preset(named, places.own_presets() / "named.toml")
    app = lab(named, start=start)
    async with app.run_test(size=WIDE) as pilot:
        app.run_all(named, tmp_path / HOSTILE.replace("/", ""))
        await until(pilot, idle(app))
        app.bench.session.runs[0].name = HOSTILE
        app.bench.draft.change("dataset.kind", "file")
        app.bench.draft.change("dataset.path", HOSTILE)
        app.screen.refresh_form()
        for keys, kind in (
            (("l",), LabScreen), (("l", "t", "i"), Read), (("escape", "t", "e"), Ask),
            (("escape", "t", "D"), Confirm), (("escape", "c"), CompareScreen), (("p",), PresetsScreen),
            (("down",), PresetsScreen), (("end",), PresetsScreen), (("up",), PresetsScreen),
            (("question_mark",), HelpScreen), (("l", "f"), LabScreen), (("d",), Choose),
        ):  # fmt: skip
            await pilot.press(*keys)
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind))
            if kind is PresetsScreen:
                await until(pilot, lambda: details_shown(app.screen))
            written.append(text_of(app))
    shown = "\n".join(written)
    assert "[@click=app.quit]x[/]" in shown
    assert "U+202E" in shown
    for screen in written:
        for line in screen.splitlines():
            assert not hidden_characters(line), repr(line)
    assert app.return_code is None  # nobody clicked, nothing quit


@pytest.mark.asyncio
async def test_what_is_pasted_loses_its_invisible_characters():
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("r")
        await until(pilot, idle(app))
        await pilot.press("t", "e")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        app.post_message(Paste("a\x1b]0;pwned\x07b\u202ec"))
        await until(pilot, lambda: app.screen.query_one(Input).value == "a]0;pwnedbc")
