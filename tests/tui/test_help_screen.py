import time

import pytest
from support.screens import SIZES, text_of, until
from textual.app import App
from textual.widgets import Input, OptionList

from normlab.core.choice import members
from normlab.tui.screens.help import HelpScreen
from normlab.tui.screens.help_pages import topics
from normlab.tui.session import Session
from normlab.views import parts

KEYS = [
    ("Everywhere", "l", "Lab"),
    ("Everywhere", "ctrl+p", "Command palette"),
    ("Runs", "P", "Pin as \x1b[31mbaseline"),
]


class Host(App[None]):
    def __init__(self):
        super().__init__()
        self.help = HelpScreen(Session(spawn=lambda work: None), lambda: KEYS)

    def on_mount(self):
        self.push_screen(self.help)


def page_of(app):
    """What the page shows, on one line."""
    return " ".join(" ".join(line[25:] for line in text_of(app).splitlines()).split())


async def until_page(pilot, words):
    """Wait for the page, which follows the highlight."""
    await until(pilot, lambda: words in page_of(pilot.app))


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
        began = time.thread_time()
        topic.write()
        seconds.append(time.thread_time() - began)
    assert min(seconds) < 0.02


@SIZES
@pytest.mark.asyncio
async def test_help_opens_with_the_keys_by_place(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await until_page(pilot, "Command palette")
        shown = text_of(app)
        assert shown.index("Everywhere") < shown.index("Command palette")
        assert shown.count("Everywhere") == 1
        assert "\x1b" not in shown
        assert "Pin as ⟨U+001B⟩[31mbaseline" in shown


@SIZES
@pytest.mark.asyncio
async def test_a_part_s_page_has_formula_source_and_settings(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.help.show("norms.group")
        await until_page(pilot, "x_hat = (x - mean) / sqrt(var + eps)")
        assert "Wu & He 2018" in page_of(app)
        assert "a whole number from 1 to 65536; 8 by default" in page_of(app)


@pytest.mark.asyncio
async def test_a_topic_asked_for_before_the_first_paint_is_the_one_shown():
    app = Host()
    app.help.show("words")
    async with app.run_test(size=(80, 24)) as pilot:
        await until_page(pilot, "The whole configuration of one training")


@pytest.mark.asyncio
async def test_a_topic_that_is_unknown_opens_the_keys():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.help.show("norms.group")
        await until_page(pilot, "Wu & He 2018")
        app.help.show("norms.nothing")
        await until_page(pilot, "Command palette")


@SIZES
@pytest.mark.asyncio
async def test_arrows_walk_through_the_topics(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press("down", "down", "down")
        await until_page(pilot, "Passes over the training data.")


@pytest.mark.asyncio
async def test_the_filter_puts_what_is_called_so_first():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"relu")
        options = app.screen.query_one(OptionList)
        assert [option.id for option in options.options][:2] == ["activations.relu", "activations.leaky_relu"]
        await until_page(pilot, "y = max(x, 0).")
        await pilot.press("x", "x")
        await until(pilot, lambda: "Nothing is called so." in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: getattr(options.highlighted_option, "id", None) == "activations.relu")
        assert app.screen.query_one(Input).value == ""
        assert options.has_focus


@pytest.mark.asyncio
async def test_enter_reads_and_escape_goes_back_to_the_topics():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("down")
        await until_page(pilot, "The whole configuration of one training")
        await pilot.press("enter", "pagedown")
        page = app.screen.query_one("#page")
        await until(pilot, lambda: page.scroll_y > 0)
        assert page.has_focus
        await pilot.press("escape", "down")
        await until(pilot, lambda: page.scroll_y == 0)


@pytest.mark.asyncio
async def test_a_topic_is_opened_by_mouse():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click(OptionList, offset=(3, 1))
        await until_page(pilot, "The whole configuration")
