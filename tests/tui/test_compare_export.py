"""Compare: copied, and written to a file."""

import csv

import pytest
from support.compare import LAYER, CompareApp, heads, lab, said
from support.screens import HOSTILE_NAMES, NARROW, SIZES, notices, text_of, until
from textual.widgets import Input

from normlab.tui.screens.compare import CompareScreen
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.widgets.comparison_table import ComparisonTable


async def type_path(pilot, path):
    await pilot.press("w")
    await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
    pilot.app.screen.query_one(Input).value = str(path)
    await pilot.press("enter")


@pytest.mark.asyncio
async def test_copying_gives_markdown_and_names_the_key_that_exports():
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("C")
        assert app.clipboard.startswith("|")
        assert "**0.4963 (-0.6514)**" in app.clipboard
        (notice,) = notices(app)
        assert "w writes a file" in notice


@pytest.mark.asyncio
@pytest.mark.parametrize("key", ["enter", "f5"])
async def test_copying_works_whatever_key_exports(key):
    app = CompareApp(lab({}, LAYER))
    app.set_keymap({"compare.export": key})
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("C")
        (notice,) = notices(app)
        assert "writes a file" in notice
        assert ("f5" in notice) == (key == "f5")


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["table.md", "table.MD"])
async def test_an_export_to_md_is_markdown(tmp_path, name):
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        await type_path(pilot, tmp_path / name)
        await until(pilot, lambda: notices(app))
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("|")
        assert notices(app) == [f"Saved {tmp_path / name}"]


@pytest.mark.asyncio
async def test_an_export_to_csv_is_csv_with_what_is_shown(tmp_path):
    app = CompareApp(lab({}, LAYER))
    path = tmp_path / "new" / "table.csv"
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("e")
        await type_path(pilot, path)
        await until(pilot, path.exists)
    with path.open(newline="") as file:
        found = {name: rest for name, *rest in csv.reader(file)}
    assert found["setting"] == ["baseline", "norm = layer"]
    assert found["training.batch_size"] == ["64", "64"]
    assert float(found["val_loss (best = last), difference"][1]) == pytest.approx(-0.6514, abs=1e-4)


@pytest.mark.asyncio
async def test_a_home_is_understood_and_the_offered_name_lies_where_one_is(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        await type_path(pilot, "~/a.md")
        await until(pilot, (tmp_path / "a.md").exists)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("enter")
        await until(pilot, (tmp_path / "comparison.md").exists)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["table.txt", "table", "", "~nobody-at-all/x.md", "a\x00.md", "folder.md"])
async def test_a_path_that_will_not_do_is_refused_in_one_line(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.md").mkdir()
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        await type_path(pilot, path)
        await until(pilot, lambda: said(app, ".error"))
        assert isinstance(app.screen, Ask)
        assert "\n" not in said(app, ".error")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        assert [each.name for each in tmp_path.iterdir() if each.name != "home"] == ["folder.md"]


@pytest.mark.asyncio
async def test_a_file_that_is_there_is_overwritten_only_after_a_question(tmp_path):
    path = tmp_path / "table.md"
    path.write_text("mine")
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        for key, kept in (("n", True), ("y", False)):
            await type_path(pilot, path)
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            await pilot.press(key)
            await app.workers.wait_for_complete()
            assert (path.read_text(encoding="utf-8") == "mine") == kept


@pytest.mark.asyncio
async def test_a_file_that_can_not_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    app = CompareApp(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        await type_path(pilot, tmp_path / "file" / "table.md")
        await until(pilot, lambda: notices(app))
        (notice,) = notices(app)
        assert "can't be written" in notice
        assert "\n" not in notice


@pytest.mark.asyncio
@SIZES
async def test_hostile_names_are_shown_and_exported_harmlessly(tmp_path, size):
    settings = [{"optimizer.lr": 0.001 * (index + 1)} for index in range(len(HOSTILE_NAMES))]
    app = CompareApp(lab(*settings, names=HOSTILE_NAMES))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown = heads(app)
        assert shown[1] == "o [@click=app.quit]x (baseline)"
        assert "⟨U+001B⟩[31mred" in shown[2]
        assert "⟨U+202E⟩" in shown[3]
        await pilot.click(ComparisonTable, offset=(35, 0))
        await pilot.press("C")
        for name in ("a.md", "a.csv"):
            await type_path(pilot, tmp_path / name)
            await until(pilot, (tmp_path / name).exists)
        texts = [app.clipboard, *((tmp_path / n).read_text(encoding="utf-8") for n in ("a.md", "a.csv"))]
        for text in [*texts, text_of(app)]:
            assert not set(text) & set("\x1b\u202e")
        assert app._exit is False
