import os
import re
from pathlib import Path

import pytest
from support.screens import SIZES, details_shown, notices, text_of, until
from textual.app import App
from textual.widgets import Input, Static, TextArea

from normlab.core import places
from normlab.lab.experiment import Experiment
from normlab.lab.presets import load_preset_file
from normlab.lab.settings import change
from normlab.tui.screens.dialogs import Confirm
from normlab.tui.screens.presets import PresetsScreen
from normlab.tui.screens.save_preset import SavePreset
from normlab.tui.session import Session
from normlab.tui.widgets.preset_list import PresetList, read_entry
from normlab.tui.widgets.prose import Prose

PLAIN = 'title = "Mine"\n[experiment]\n'


class Host(App[None]):
    def __init__(self, form=None):
        super().__init__()
        self.loaded, self.ran = [], []
        self.form = form

    def on_mount(self):
        self.push_screen(
            PresetsScreen(
                Session(spawn=lambda work: None),
                lambda preset, path: self.loaded.append((preset.title, path)),
                lambda preset, path: self.ran.append((preset.title, path)),
                lambda: self.form,
            )
        )


def own(name, text):
    path = places.own_presets() / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def facts_of(app):
    return app.screen.query_one("#facts", Static).visual.plain


async def settle(pilot):
    """Wait for the files, and for the details, which follow the highlight."""
    await pilot.pause()
    screen = pilot.app.screen_stack[1]
    await pilot.app.workers.wait_for_complete(
        [worker for worker in pilot.app.workers if worker.group == "presets" and worker.node is screen]
    )
    await until(pilot, lambda: details_shown(screen))


async def search(pilot, words):
    await settle(pilot)
    screen = pilot.app.screen
    await pilot.press("slash", *words[:2])
    screen.query_one(Input).value = words
    found = {str(entry.path) for entry in screen._entries if entry.matches(words.lower().split())}
    await until(
        pilot, lambda: {option.id for option in screen.query_one(PresetList).options if option.id} == found
    )
    await settle(pilot)


async def until_screen(pilot, kind):
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))


@SIZES
@pytest.mark.asyncio
async def test_own_presets_stand_before_the_shipped_ones(size):
    own("zebra", PLAIN)
    app = Host()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        shown = text_of(app)
        assert shown.index("Your presets") < shown.index("zebra") < shown.index("Shipped presets")
        assert "b2-dropout" in shown


@SIZES
@pytest.mark.asyncio
async def test_details_tell_words_arms_runs_and_claims(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await search(pilot, "b2-dropout")
        details = facts_of(app)
        await until(pilot, lambda: "The data and the net of" in text_of(app))
        assert re.search(r"dropout +model\.dropout\.kind = dropout, model\.dropout\.p = 0\.5", details)
        assert re.search(r"\d+ runs: \d arms with \d+ seeds each", details)
        assert "Dropout ends at a lower validation error" in details
        assert "val_rmse (last) of dropout lower than baseline" in details


@pytest.mark.asyncio
async def test_search_looks_into_name_title_and_about():
    own("mine", 'title = "Zebra crossing"\nabout = "Quagga dropouts"\n[experiment]\n')
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        for words, found in (("MIN", "mine"), ("zebra", "mine"), ("quagga", "mine"), ("b2-dr", "b2-dropout")):
            await search(pilot, words)
            assert app.screen.query_one(PresetList).chosen.stem == found
            await pilot.press("escape")
        await search(pilot, "qqq")
        assert "No preset holds that." in text_of(app)
        await pilot.press("enter", "enter", "a", "D")
        assert (app.loaded, app.ran) == ([], [])


@pytest.mark.asyncio
async def test_a_whole_name_opens_its_preset_and_no_other_that_holds_the_word():
    own("mine", 'title = "Mine"\nabout = "Of the digits"\n[experiment]\n')
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await search(pilot, "mine")
        await pilot.press("escape")
        await search(pilot, "of the digits")
        assert app.screen.query_one(PresetList).chosen.stem == "mine"
        await pilot.press("escape")
        await search(pilot, "digits")
        assert app.screen.query_one(PresetList).chosen.stem == "digits"


@SIZES
@pytest.mark.asyncio
async def test_enter_loads_the_highlighted_preset(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        await search(pilot, "digits")
        await pilot.press("down", "enter")
        ((title, path),) = app.loaded
        assert path == places.shipped_presets() / f"{path.stem}.toml"
        assert title == load_preset_file(path).title


@pytest.mark.asyncio
async def test_a_click_shows_and_a_double_click_loads():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.click(PresetList, offset=(4, 2))
        await settle(pilot)
        assert app.loaded == []
        chosen = app.screen.query_one(PresetList).chosen
        assert chosen.stem == "a2-depth-width"
        await pilot.click(PresetList, offset=(4, 2), times=2)
        await until(pilot, lambda: app.loaded)
        assert [path for _, path in app.loaded] == [chosen]


@pytest.mark.asyncio
async def test_all_arms_run_at_once_where_they_are_few_and_after_a_question_where_they_are_many():
    own("many", PLAIN + "[study]\nseeds = 21\n")
    own("some", PLAIN + "[study]\nseeds = 20\n")
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await until(pilot, lambda: "Queue 21 runs: 21 seeds?" in text_of(app))
        await pilot.press("n")
        await until_screen(pilot, PresetsScreen)
        assert app.ran == []
        await pilot.press("a")
        await until_screen(pilot, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: app.ran)
        await settle(pilot)
        await pilot.press("down")
        await settle(pilot)
        await pilot.press("a")
        await until(pilot, lambda: len(app.ran) == 2)
        assert [path.stem for _, path in app.ran] == ["many", "some"]


BROKEN = {
    "syntax": ("title = ", "Invalid"),
    "unknown": ('title = "x"\n[experiment.trainin]\nepochs = 3\n', "did you mean training?"),
    "large": (b"#" * 70_000, "is over 64 kB"),
    "bytes": (b"\xff\xfe\x00", "is not UTF-8"),
    "hostile": ('title = "x"\n[experiment]\n"[@click=app.quit]\\u001b[31m" = 1\n', "[@click=app.quit]"),
}


@SIZES
@pytest.mark.asyncio
@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_file_is_listed_with_its_errors(size, kind):
    text, said = BROKEN[kind]
    own("damaged", text)
    app = Host()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        shown = text_of(app)
        assert "! damaged" in shown
        assert said in facts_of(app)
        assert "\x1b" not in shown
        await pilot.press("enter", "a")
        await pilot.pause()
        assert (app.loaded, app.ran) == ([], [])
        assert app.is_running


def test_a_file_that_is_no_file_is_broken(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere")
    for name in ("pipe", "folder", "gone"):
        assert read_entry(tmp_path / f"{name}.toml").problems, name


@SIZES
@pytest.mark.asyncio
async def test_hostile_words_are_shown_as_they_stand(size):
    about = "# Head [@click=app.quit]x[/]\n\n[a](http://evil.example) ![i](http://img) <b>y</b> &#x202e;z <http://auto>"
    own("[red]\x1b[31mname", f"title = \"[@click=app.quit]t[/red]\"\nabout = '''{about}'''\n[experiment]\n")
    app = Host()
    opened = []
    app.open_url = lambda *args, **kwargs: opened.append(args)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await until(pilot, lambda: "&#x202e;z" in text_of(app))
        shown = text_of(app)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        for text in (
            "[@click=app.quit]t[/red]",
            "[@click=app.quit]x[/]",
            "[a](http://evil.example)",
            "<b>y</b>",
        ):
            assert text in shown, text
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                click = segment.style.meta.get("@click", "") if segment.style else ""
                assert "quit" not in click  # the line of keys can be clicked
                assert not (segment.style and segment.style.link)
        assert opened == []


@pytest.mark.asyncio
async def test_a_text_that_would_take_long_to_lay_out_is_shown_as_written():
    own("long", f'title = "x"\nabout = """{"- a" + chr(10) * 1}{("- a" + chr(10)) * 4000}"""\n[experiment]\n')
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await until(pilot, lambda: "- a" in text_of(app))
        assert len(app.screen.query_one(Prose).query("*")) < 10


async def write(pilot, name, title, about=""):
    """Open the dialog, fill it in and save."""
    await pilot.press("w")
    await until_screen(pilot, SavePreset)
    await fill_in(pilot, name, title, about)


async def fill_in(pilot, name, title, about=""):
    """Fill in the dialog, and save."""
    screen = pilot.app.screen
    screen.query_one("#name", Input).value = name
    screen.query_one("#preset-title", Input).value = title
    screen.query_one(TextArea).text = about
    await pilot.press("ctrl+s")
    await pilot.pause()


@SIZES
@pytest.mark.asyncio
async def test_the_form_is_saved_as_a_preset_and_opened(size):
    form = change(Experiment(), {"model.norm.kind": "layer"})
    app = Host(form)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await until_screen(pilot, SavePreset)
        await pilot.press(*"my-norm", "enter", *"Layer", "tab", *"Why", "ctrl+s")
        path = places.own_presets() / "my-norm.toml"
        await until(pilot, path.exists)
        preset = load_preset_file(path)
        assert (preset.title, preset.about, preset.experiment) == ("Layer", "Why", form)
        await until(pilot, lambda: app.screen.query_one(PresetList).chosen == path)
        await settle(pilot)
        assert "norm layer" in facts_of(app)


@SIZES
@pytest.mark.asyncio
async def test_a_name_that_is_none_is_refused_in_the_dialog(size):
    app = Host(Experiment())
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await until_screen(pilot, SavePreset)
        for name in ("", "a b", "../x", "a/b", "é", "x.toml", "[/red]"):
            app.screen.query_one(".error", Static).update("")
            await fill_in(pilot, name, "title")
            await until(pilot, lambda: "holds letters, digits, - and _ only" in text_of(app))
        await pilot.press("escape")
        await until_screen(pilot, PresetsScreen)
        assert not places.own_presets().exists()


@pytest.mark.asyncio
async def test_wrong_words_are_told_in_the_dialog():
    app = Host(Experiment())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await write(pilot, "mine", "", "hidden \u202e text")
        await until(pilot, lambda: "title: " in app.screen.query_one(".error", Static).visual.plain)
        wrong = app.screen.query_one(".error", Static).visual.plain
        assert "about: " in wrong
        assert "U+202E" in wrong


@pytest.mark.asyncio
@pytest.mark.parametrize(("key", "title"), [("n", "Mine"), ("y", "New")])
async def test_overwriting_asks(key, title):
    path = own("mine", "# a comment\n" + PLAIN)
    app = Host(Experiment())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await write(pilot, "mine", "New")
        await until(pilot, lambda: "There is a preset mine of yours. Overwrite it?" in text_of(app))
        await pilot.press(key)
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        await until(pilot, lambda: load_preset_file(path).title == title)
        assert path.read_text().startswith("# a comment")


@pytest.mark.asyncio
@pytest.mark.parametrize("text", [text for text, _ in BROKEN.values()], ids=list(BROKEN))
async def test_a_broken_preset_is_written_afresh_after_the_question(text):
    path = own("mine", text)
    app = Host(Experiment())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await write(pilot, "mine", "New")
        await until(pilot, lambda: "yours, a broken" in text_of(app))
        await pilot.press("y")
        await until(pilot, lambda: read_entry(path).title == "New")
        await until_screen(pilot, PresetsScreen)


@pytest.mark.asyncio
async def test_a_folder_in_a_preset_s_place_is_told_in_the_dialog():
    (places.own_presets() / "mine.toml").mkdir(parents=True)
    app = Host(Experiment())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await write(pilot, "mine", "New")
        await until_screen(pilot, Confirm)
        await pilot.press("y")
        await until_screen(pilot, SavePreset)
        await until(pilot, lambda: "can't be written" in app.screen.query_one(".error", Static).visual.plain)


@pytest.mark.asyncio
async def test_a_shipped_preset_is_never_overwritten():
    shipped = places.shipped_presets() / "digits.toml"
    before = shipped.read_bytes()
    app = Host(Experiment())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await write(pilot, "digits", "Mine")
        await until(pilot, lambda: notices(app))
        assert shipped.read_bytes() == before
        assert (places.own_presets() / "digits.toml").exists()
        (note,) = notices(app)
        assert "stands before the shipped preset digits" in note


@pytest.mark.asyncio
async def test_a_form_with_an_error_cannot_be_saved():
    app = Host(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await until(pilot, lambda: notices(app))
        assert isinstance(app.screen, PresetsScreen)
        (note,) = notices(app)
        assert "mend" in note


@pytest.mark.asyncio
async def test_only_own_presets_can_be_deleted_and_after_a_question():
    path = own("mine", PLAIN)
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("D")
        await until_screen(pilot, Confirm)
        await pilot.press("n")
        await until_screen(pilot, PresetsScreen)
        assert path.exists()
        await pilot.press("D")
        await until_screen(pilot, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: not path.exists())
        await until(pilot, lambda: "Your presets" not in text_of(app))
        await settle(pilot)
        shipped = {file: file.read_bytes() for file in Path(places.shipped_presets()).iterdir()}
        await pilot.press("D")
        await pilot.pause()
        assert isinstance(app.screen, PresetsScreen)
        assert all(file.read_bytes() == raw for file, raw in shipped.items())
