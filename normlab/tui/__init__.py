"""The lab in the terminal: forms, live curves, side by side. It shows runs, and trains nothing itself."""

import gc

from normlab.core.errors import NormlabError
from normlab.core.garbage import pause_collecting
from normlab.lab.presets import Preset, find_preset, load_preset

FIRST = "digits"
"""The preset that is open the first time."""


def open_lab(preset: Preset | None, name: str | None, device: str) -> int:
    """Open the lab with a preset, known by `name`, in its form; give the exit code.

    Without one, the preset loaded last is opened.
    """
    pause_collecting()  # an eighth of the start; once painted it is on
    from normlab.tui import preferences
    from normlab.tui.app import LabApp

    remembered, problems = preferences.load()
    complaints = [f"{problem}; the defaults are used" for problem in problems]
    if preset is None:
        try:
            preset = load_preset(remembered.preset or FIRST)
        except NormlabError as error:
            complaints.append(f"the last preset can't be opened: {error.problems[0]}")
            preset = load_preset(FIRST)
    opened = None if name is None else find_preset(name)
    app = LabApp(preset, remembered, device=device, opened=opened, complaints=complaints)
    try:
        app.run()
    finally:
        gc.enable()
    return app.return_code or 0
