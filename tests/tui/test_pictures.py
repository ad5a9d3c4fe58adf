"""A few screens as pictures, compared with those kept: `pytest --snapshot-update` takes new ones."""

import pytest

from normlab.lab.presets import load_preset
from normlab.tui.app import LabApp
from normlab.tui.preferences import Preferences


async def settle(pilot):
    bench = pilot.app.bench
    for _ in range(500):
        await pilot.pause(0.01)
        if not bench.session.working and bench.draft.checked:
            break
    await pilot.pause(0.6)  # charts are drawn again after half a second at the latest
    await pilot.wait_for_scheduled_animations()
    await pilot.pause()


@pytest.mark.parametrize(
    ("theme", "size", "keys"),
    [
        ("normlab-dark", (120, 36), ["r", "right", "r"]),
        ("normlab-light", (80, 24), ["r", "right", "r", "g"]),
        ("colour-blind-dark", (80, 24), []),
        ("normlab-dark", (120, 36), ["r", "right", "r", "c"]),
        ("normlab-light", (80, 24), ["p"]),
        ("normlab-dark", (80, 24), ["question_mark"]),
    ],
    ids=["lab-wide", "charts-narrow", "form-narrow", "compare-wide", "presets-narrow", "help-narrow"],
)
def test_screens_look_as_they_did(snap_compare, no_torch, script, theme, size, keys):
    async def press(pilot):
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        await settle(pilot)

    app = LabApp(load_preset("digits"), Preferences(theme=theme), start=script)
    assert snap_compare(app, terminal_size=size, run_before=press)
