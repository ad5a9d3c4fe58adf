"""A few screens as pictures, compared with those kept: `pytest --snapshot-update` takes new ones."""

import pytest
from support.lab import lab
from support.screens import NARROW, WIDE, text_of, until

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
