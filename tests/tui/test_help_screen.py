import time

import pytest
from textual.app import App
from textual.widgets import Input, OptionList

from normlab.core.choice import members
from normlab.tui.screens.help import HelpScreen, topics
from normlab.tui.session import Session
from normlab.views import parts

KEYS = [
    ("Everywhere", "l", "Lab"),
    ("Everywhere", "ctrl+p", "Command palette"),
    ("Runs", "P", "Pin as \x1b[31mbaseline"),
]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)])


class Host(App[None]):
    def __init__(self):
        super().__init__()
        self.help = HelpScreen(Session(spawn=lambda work: None), lambda: KEYS)

    def on_mount(self):
        self.push_screen(self.help)


def text_of(app, left=0):
    """What the screen shows, from a column on."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(s.text for s in strip)[left:] for strip in strips)


def page_of(app):
    """What the page shows, on one line."""
    return " ".join(text_of(app, 25).split())


async def settle(pilot):
    await pilot.pause(0.1)  # the page follows the highlight after 0.05 s
    await pilot.pause()


def test_every_family_and_part_has_a_topic():
    found = topics(list)
    assert list(found)[:4] == ["keys", "words", "experiment", "training"]
    for family in parts.families():
        name = parts.family_name(family)
        assert {name, *(f"{name}.{kind}" for kind in members(family))} <= set(found)


@pytest.mark.parametrize("name", list(topics(list)))
def test_every_topic_can_be_written_at_once(name):
    topic = topics(lambda: KEYS)[name]
    topic.write()  # reads docstrings once
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        topic.write()
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.02


@SIZES
@pytest.mark.asyncio
async def test_help_opens_with_the_keys_by_place(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        shown = text_of(app)
        assert shown.index("Everywhere") < shown.index("Command palette") < shown.index("Runs")
        assert "\x1b" not in shown
        assert "Pin as ⟨U+001B⟩[31mbaseline" in shown


@SIZES
@pytest.mark.asyncio
async def test_a_part_s_page_has_formula_source_and_settings(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.help.show("norms.group")
        await settle(pilot)
        assert "x_hat = (x - mean) / sqrt(var + eps)" in page_of(app)
        assert "Wu & He 2018" in page_of(app)
        assert "a whole number from 1 to 65536; 8 by default" in page_of(app)


@pytest.mark.asyncio
async def test_a_topic_asked_for_before_the_first_paint_is_the_one_shown():
    app = Host()
    app.help.show("words")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "The whole configuration of one training" in page_of(app)


@pytest.mark.asyncio
async def test_a_topic_that_is_unknown_opens_the_keys():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.help.show("norms.group")
        await settle(pilot)
        app.help.show("norms.nothing")
        await settle(pilot)
        assert "Command palette" in text_of(app)


@SIZES
@pytest.mark.asyncio
async def test_arrows_walk_through_the_topics(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press("down", "down", "down")
        await settle(pilot)
        assert "Passes over the training data." in text_of(app)


@pytest.mark.asyncio
async def test_the_filter_puts_what_is_called_so_first():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"relu")
        options = app.screen.query_one(OptionList)
        assert [option.id for option in options.options][:2] == ["activations.relu", "activations.leaky_relu"]
        await settle(pilot)
        assert "y = max(x, 0)." in text_of(app)
        await pilot.press("x", "x")
        assert "Nothing is called so." in text_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen.query_one(Input).value == ""
        assert options.has_focus
        assert options.highlighted_option.id == "activations.relu"


@pytest.mark.asyncio
async def test_enter_reads_and_escape_goes_back_to_the_topics():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("down")
        await settle(pilot)
        await pilot.press("enter", "pagedown")
        await pilot.pause(0.5)
        page = app.screen.query_one("#page")
        assert page.has_focus
        assert page.scroll_y > 0
        await pilot.press("escape", "down")
        await settle(pilot)
        assert page.scroll_y == 0


@pytest.mark.asyncio
async def test_a_topic_is_opened_by_mouse():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click(OptionList, offset=(3, 1))
        await settle(pilot)
        assert "The whole configuration" in text_of(app)
