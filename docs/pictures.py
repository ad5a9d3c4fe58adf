"""Take the README's pictures: the app runs, trains, and draws itself as SVG.

python docs/pictures.py
"""

import asyncio
import os
import re
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "pictures"

PICTURES = (
    # name, preset, theme, size, keys
    ("lab", "digits", "normlab-dark", (120, 36), "r wait right r wait right right right right right r wait"),
    (
        "compare",
        "digits",
        "normlab-light",
        (120, 36),
        "r wait right r wait right right right right right r wait c",
    ),
    ("study", "d1-circles", "normlab-dark", (120, 36), "j wait r wait wait"),
    ("surface", "d1-circles", "normlab-dark", (120, 36), "r wait right r wait g M"),
)


async def take(name, preset, theme, size, keys):
    """Press the keys, and write what is on the screen then."""
    from normlab.lab.presets import load_preset
    from normlab.tui.app import LabApp
    from normlab.tui.preferences import Preferences

    app = LabApp(load_preset(preset), Preferences(theme=theme))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.5)
        for key in keys.split():
            if key == "wait":
                await idle(app, pilot)
            else:
                await pilot.press(key)
        await idle(app, pilot)
        svg = app.export_screenshot(title="normlab")
    # The fonts of the page that shows it, not ones to be fetched.
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")


async def idle(app, pilot):
    """Wait until nothing trains and PyTorch is loaded, two minutes at most."""
    for _ in range(1200):
        await pilot.pause(0.1)
        if not (app.bench.session.working or app.bench.session.note or app.desk.is_busy):
            break
    await pilot.pause(1)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["NORMLAB_HOME"] = home
        for picture in PICTURES:
            asyncio.run(take(*picture))
