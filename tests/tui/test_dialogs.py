from pathlib import Path

import pytest
from support.screens import SIZES, notices, text_of, until
from textual.app import App
from textual.widgets import Button, Input, OptionList, Static

from normlab.tui.screens.choose import Choose
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.read import Read
from normlab.tui.widgets.lines import lines

HOSTILE = "\x1b[31m[@click=app.quit]x[/] \u202e[/red]"
NORMS = [
    ("none", "none", "No normalization."),
    ("batch", "batch", "Over the batch, then no more."),
    ("group", "group", "Over groups; batch plays no part."),
]


class Host(App[None]):
    """An app that keeps what a dialog answers."""

    answers: list

    def ask(self, dialog):
        self.answers = []
        self.push_screen(dialog, self.answers.append)


@SIZES
@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["y"], True),
        (["enter"], True),
        (["n"], False),
        (["escape"], False),
        (["tab", "enter"], False),
        (["right", "left", "enter"], True),
    ],
)
async def test_a_question_is_answered_by_keys(size, keys, answer):
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.ask(Confirm("Really?", "Do it"))
        await until(pilot, lambda: "Really?" in text_of(app))
        await pilot.press(*keys)
        await until(pilot, lambda: app.answers)
        assert app.answers == [answer]


@pytest.mark.asyncio
@pytest.mark.parametrize(("button", "answer"), [("#yes", True), ("#no", False)])
async def test_a_question_is_answered_by_mouse(button, answer):
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Confirm("Really?"))
        await pilot.pause()
        await pilot.click(button)
        await until(pilot, lambda: app.answers)
        assert app.answers == [answer]


@pytest.mark.asyncio
async def test_a_line_is_taken_only_when_it_will_do():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Ask("Name", "run", lambda text: "too long" if len(text) > 4 else None))
        await pilot.pause()
        await pilot.press("1", "2")
        await until(pilot, lambda: "too long" in text_of(app))
        await pilot.press("enter")
        await pilot.click("#yes")
        assert app.answers == []
        await pilot.press("backspace")
        await until(pilot, lambda: "too long" not in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)
        assert app.answers == ["run1"]


@pytest.mark.asyncio
async def test_a_line_is_refused_with_escape():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Ask("Name", "run"))
        await pilot.pause()
        await pilot.press("x", "escape")
        await until(pilot, lambda: app.answers)
        assert app.answers == [None]


@SIZES
@pytest.mark.asyncio
async def test_a_long_text_scrolls_and_is_saved_whole(size, tmp_path):
    app, path = Host(), tmp_path / "new" / "trace.txt"
    text = "\n".join(f"\tline {i}" for i in range(200))
    async with app.run_test(size=size) as pilot:
        app.ask(Read("ValueError: x", text, path))
        await until(pilot, lambda: "    line 0" in text_of(app))
        await pilot.press("end", "w")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        assert app.screen.query_one(Input).value == str(path)
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        assert path.read_text() == text.expandtabs(4)
        await pilot.press("escape")
        await until(pilot, lambda: app.answers)
        assert app.answers == [None]


@pytest.mark.asyncio
@pytest.mark.parametrize(("key", "kept"), [("n", "old"), ("y", "new")])
async def test_saving_over_a_file_asks(tmp_path, key, kept):
    app, path = Host(), tmp_path / "trace.txt"
    path.write_text("old")
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Read("Error", "new", path))
        await pilot.pause()
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("enter")
        await until(pilot, lambda: "Overwrite" in text_of(app))
        await pilot.press(key)
        await app.workers.wait_for_complete()
        assert path.read_text() == kept


@pytest.mark.asyncio
async def test_a_place_that_cannot_be_written_is_told(tmp_path):
    app = Host()
    (tmp_path / "file").write_text("")
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Read("Error", "text", tmp_path / "file" / "trace.txt"))
        await pilot.pause()
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("enter")
        await until(pilot, lambda: notices(app))
        (note,) = notices(app)
        assert "can't be written" in note
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        app.screen.query_one(Input).value = str(tmp_path)
        await pilot.press("enter")
        await until(pilot, lambda: "This is a folder" in text_of(app))


@SIZES
@pytest.mark.asyncio
async def test_a_choice_begins_at_the_current_one_and_moves(size):
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.ask(Choose("Norm", NORMS, "batch"))
        await until(pilot, lambda: "● batch" in text_of(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.answers)
        assert app.answers == ["group"]


@pytest.mark.asyncio
async def test_typing_filters_names_before_descriptions():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Choose("Norm", NORMS))
        await pilot.pause()
        await pilot.press(*"no")
        assert [o.prompt.plain.split()[0] for o in app.screen.query_one(OptionList).options] == [
            "none",
            "batch",
            "group",
        ]
        await pilot.press(*"xx", "enter")
        await until(pilot, lambda: "Nothing is called so." in text_of(app))
        assert app.answers == []
        await pilot.press(*["backspace"] * 4, *"GROUPS", "enter")
        await until(pilot, lambda: app.answers)
        assert app.answers == ["group"]


@pytest.mark.asyncio
async def test_a_choice_is_made_by_mouse():
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(Choose("Norm", NORMS))
        await pilot.pause()
        await pilot.click(OptionList, offset=(3, 2))
        await until(pilot, lambda: app.answers)
        assert app.answers == ["group"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "dialog",
    [
        lambda: Confirm(HOSTILE, HOSTILE, HOSTILE),
        lambda: Ask(HOSTILE, "v", lambda _: HOSTILE),
        lambda: Read(HOSTILE, HOSTILE * 3, Path("x")),
        lambda: Choose(HOSTILE, [("a", HOSTILE, HOSTILE)], "a"),
    ],
)
async def test_hostile_text_stays_text(dialog):
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.ask(dialog())
        await pilot.pause()
        shown = text_of(app)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[@click=app.quit]x[/]" in shown
        for widget in app.screen.query(Static):
            assert "@click" not in str(getattr(widget.visual, "spans", ""))
        assert all("@click" not in str(b.label.spans) for b in app.screen.query(Button))


def test_lines_keep_their_indentation_and_show_what_is_hidden():
    assert lines("a\n\tb\x07").plain == "a\n    b⟨U+0007⟩"
