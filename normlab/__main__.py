"""The command `normlab`: the command line, which opens the lab where no other thing is asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from normlab.lab.presets import Preset


def main() -> None:
    """Run the command line, and exit."""
    from normlab.cli import main as run_command_line

    run_command_line(_open_lab)


def _open_lab(preset: "Preset | None", name: str | None, device: str) -> int:
    from normlab.tui import open_lab  # Textual costs 0.2 s, which no other command is to pay

    return open_lab(preset, name, device)


if __name__ == "__main__":
    main()
