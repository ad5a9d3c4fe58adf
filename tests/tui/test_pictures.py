"""A few screens as pictures, compared with those kept: `pytest --snapshot-update` takes new ones."""

import pytest
from support.kept import keep
from support.lab import lab
from support.screens import NARROW, WIDE, text_of, until
from support.studies import Scripted, study, study_lab

from normlab.tui.screens.runs import RunsScreen
from normlab.tui.widgets.chart_canvas import ChartCanvas


async def settle(pilot):
    """Wait until nothing trains, all of it is shown and the form is checked."""
    app, session, draft = pilot.app, pilot.app.bench.session, pilot.app.bench.draft

    def drawn():
        seen = app.screen._compositor.visible_widgets
        return all(
            canvas._key == canvas._wanted for canvas in app.screen.query(ChartCanvas) if canvas in seen
        )

    await until(pilot, lambda: not session.working and app._seen == session.version)
    await until(pilot, lambda: draft.checked and drawn())
    await pilot.wait_for_scheduled_animations()


@pytest.mark.parametrize(
    ("theme", "size", "keys", "words"),
    [
        ("normlab-dark", WIDE, ["r", "right", "r"], "26,634 parameters"),
        ("normlab-light", NARROW, ["r", "right", "r", "g"], "norm = batch"),
        ("colour-blind-dark", NARROW, [], "3 layers"),
        ("normlab-dark", WIDE, ["r", "right", "r", "c"], "norm = batch"),
        ("normlab-light", NARROW, ["p"], "training loss looks like learning."),
        ("normlab-dark", NARROW, ["question_mark"], "Everywhere"),
    ],
    ids=["lab-wide", "charts-narrow", "form-narrow", "compare-wide", "presets-narrow", "help-narrow"],
)
def test_screens_look_as_they_did(snap_compare, no_torch, theme, size, keys, words):
    async def press(pilot):
        for key in keys:
            await settle(pilot)
            await pilot.press(key)
        await until(pilot, lambda: words in text_of(pilot.app))
        await settle(pilot)

    assert snap_compare(lab(theme=theme), terminal_size=size, run_before=press)


@pytest.mark.parametrize(
    ("theme", "size"), [("normlab-dark", WIDE), ("colour-blind-light", NARROW)], ids=["wide", "narrow"]
)
def test_the_kept_runs_look_as_they_did(snap_compare, no_torch, theme, size):
    keep(id="aaaaaa", tags=["paper"], epochs=5)
    keep(
        {"model.norm.kind": "batch"}, id="bbbbbb", arm="norm = batch", tags=["good", "paper"], note="the best"
    )
    keep({"dataset.kind": "moons", "seed": 12}, id="cccccc", name="moons, for once, with a long name")
    keep({"optimizer.lr": 0.5}, id="dddddd", arm="lr = 0.5", outcome="diverged", reason="the loss is nan")
    keep(
        {"model.norm.kind": "layer"}, id="eeeeee", arm="norm = layer", outcome="interrupted", reason="killed"
    )

    async def pick(pilot):
        app = pilot.app
        await pilot.press("k")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and app.screen.table.runs)
        for number in (1, 2):
            await pilot.press("v")
            await until(pilot, lambda number=number: f"{number} picked" in text_of(app))
            await pilot.press("down")
        await until(pilot, lambda: "moons" in text_of(app))
        await settle(pilot)

    assert snap_compare(lab(theme=theme), terminal_size=size, run_before=pick)


@pytest.mark.parametrize(
    ("theme", "size", "keys", "words"),
    [
        ("normlab-dark", WIDE, ["r"], "✓ supported"),
        ("colour-blind-light", NARROW, ["r", "t"], "median 0.0851"),
        ("normlab-light", NARROW, [], "margin 0.1"),
        ("normlab-dark", NARROW, ["r", "v"], "✓ supported"),
    ],
    ids=["wide", "runs-narrow", "plan-narrow", "verdicts-narrow"],
)
def test_a_study_looks_as_it_did(snap_compare, no_torch, theme, size, keys, words):
    scripted = Scripted(diverges={("layer norm, and a rate", 2)})
    app = study_lab(study(epochs=20), scripted, theme=theme)
    desk = app.desk

    async def look(pilot):
        await until(pilot, lambda: app.bench.store is not None)
        await pilot.press("j")
        await until(pilot, lambda: desk.board is not None)
        for key in keys:
            await pilot.press(key)
        if keys:
            await until(pilot, lambda: desk.board.is_complete and not desk.is_busy)
            await until(pilot, lambda: desk.reckoning.caveats and desk.reckoning.board is desk.board)
        await until(pilot, lambda: words in text_of(app))
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=look)
