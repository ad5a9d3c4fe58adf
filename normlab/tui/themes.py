"""Themes: dark and light, each also with hues that colour-blind eyes can part (after Okabe and Ito, 2008)."""

from dataclasses import dataclass
from typing import Any

from textual.theme import Theme


@dataclass(frozen=True)
class Palette:
    """A theme, and the hues of runs on it."""

    theme: Theme
    hues: tuple[str, ...]
    """As #rrggbb; a run's hue is `hues[run.hue % len(hues)]`."""


def _theme(name: str, dark: bool, **colors: Any) -> Theme:
    return Theme(name=name, dark=dark, **colors)


_DARK = {
    "background": "#11151c",
    "surface": "#171c25",
    "panel": "#1f2632",
    "foreground": "#d8dee9",
    "secondary": "#8fa1b8",
}
_LIGHT = {
    "background": "#fbfaf7",
    "surface": "#f3f1ec",
    "panel": "#e8e5dd",
    "foreground": "#22262e",
    "secondary": "#5b6675",
}
# Moved apart where protan, deutan or tritan eyes would see two alike, and to a contrast of 3 with the ground.
_OKABE_ITO = ("#5cc0f8", "#eba200", "#009e73", "#d55e00", "#b86fa0", "#fdf151", "#0969b4", "#b5b7b4")
_OKABE_ITO_ON_LIGHT = ("#0a5394", "#c56e00", "#007a58", "#e16542", "#a8447f", "#6a5c00", "#2790c5", "#444b4d")

PALETTES = {
    palette.theme.name: palette
    for palette in (
        Palette(
            _theme("normlab-dark", True, primary="#6cb6ff", accent="#f2b866", success="#7fd1ae",
                   warning="#f2b866", error="#f47f7f", **_DARK),
            ("#6cb6ff", "#f2b866", "#7fd1ae", "#f47f7f", "#c79bf2", "#63d4dd", "#e8e4a0", "#a0a8b4"),
        ),
        Palette(
            _theme("normlab-light", False, primary="#1f5fbf", accent="#a8590c", success="#1c7a55",
                   warning="#96610a", error="#b3261e", **_LIGHT),
            ("#1f5fbf", "#b8620c", "#1c7a55", "#b3261e", "#7b3fb5", "#0f7f8a", "#7a6a00", "#5b6675"),
        ),
        Palette(
            _theme("colour-blind-dark", True, primary="#56b4e9", accent="#e69f00", success="#56b4e9",
                   warning="#f0e442", error="#d55e00", **_DARK),
            _OKABE_ITO,
        ),
        Palette(
            _theme("colour-blind-light", False, primary="#0072b2", accent="#c26a00", success="#0072b2",
                   warning="#8a6d00", error="#b84a00", **_LIGHT),
            _OKABE_ITO_ON_LIGHT,
        ),
    )
}  # fmt: skip

DEFAULT = "normlab-dark"


def hue_of(theme: str, hue: int) -> str:
    """Give a run's colour on a theme, as #rrggbb."""
    hues = PALETTES.get(theme, PALETTES[DEFAULT]).hues
    return hues[hue % len(hues)]
