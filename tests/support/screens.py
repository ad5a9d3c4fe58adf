"""Screens under test: their sizes, an app in the lab's colours, what is seen, and waiting for it."""

import time

import pytest
from textual.app import App
from textual.widgets import Static

from normlab.core.text import visible
from normlab.tui.themes import DEFAULT, PALETTES
from normlab.tui.widgets.preset_details import facts

NARROW, WIDE = (80, 24), (120, 36)
SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])
HOSTILE_NAMES = ("[@click=app.quit]x", "\x1b[31mred", "\u202egnp.exe", "[/]", "[bold")


class ThemedApp(App[None]):
    """An app that knows the lab's themes."""

    def __init__(self, theme=DEFAULT):
        super().__init__()
        for palette in PALETTES.values():
            self.register_theme(palette.theme)
        self.theme = theme


async def until(pilot, condition):
    """Let the app live until something holds; a busy machine may take its time."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never came"
        await pilot.pause(0.01)
    await pilot.pause()


def text_of(app):
    """What stands on the screen, line by line."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def notices(app):
    """What the app has told in its corner."""
    return [notice.message for notice in app._notifications]


def details_shown(screen):
    """Whether a screen of presets has read the highlighted one, and shows it; its prose may yet follow."""
    if (entry := screen._entry) is None:
        return True
    title, said = (screen.query_one(name, Static).visual.plain for name in ("#title", "#facts"))
    if entry.preset is None:
        return title == visible(entry.path.stem) and said.startswith("This file is broken")
    return (title, said) == (visible(entry.preset.title), facts(entry.preset).plain)
