"""The command `normlab`: the command line, which opens the lab where no other thing is asked for."""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from normlab.lab.presets import Preset


def main() -> None:
    """Run the command line, and exit."""
    # Collecting while modules are imported takes an eighth of the lab's start, and frees nothing.
    gc.disable()
    from normlab.cli import main as run_command_line

    gc.enable()
    run_command_line(_open_lab)


def _open_lab(preset: "Preset | None", name: str | None, device: str) -> int:
    gc.disable()  # the lab enables it once it is on the screen
    from normlab.tui import open_lab  # Textual costs 0.2 s, which no other command is to pay

    return open_lab(preset, name, device)


if __name__ == "__main__":
    main()
