import csv

import pytest
from textual.app import App
from textual.widgets import Input, Static

from normlab.engine.events import RunFinished
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.tui.screens.compare import NONE_PICKED, NOTHING, ONE, CompareScreen
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.session import LabRun, Session
from normlab.tui.themes import DEFAULT, PALETTES
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.comparison_table import ComparisonTable
from normlab.views.curves import ChartChoices
from normlab.views.history import History

LAYER = {"model.norm.kind": "layer"}
HOSTILE = ("[@click=app.quit]x", "\x1b[31mred", "\u202egnp.exe", "[/]", "[bold")
WIDE, NARROW = (120, 36), (80, 24)


class Host(App):
    def __init__(self, session, choices):
        super().__init__()
        self.session, self.choices = session, choices
        for palette in PALETTES.values():
            self.register_theme(palette.theme)
        self.theme = DEFAULT

    def on_mount(self):
        self.push_screen(CompareScreen(self.session, self.choices))


@pytest.fixture
def lab(script):
    """Make a session with one run for each set of settings; the first is the baseline."""

    def make(*settings, names=(), epochs=3, ended=True):
        session = Session(lambda job: None)
        for index, each in enumerate(settings):
            experiment = change(Experiment(), each)
            name = names[index] if index < len(names) else None
            history = History(f"arm {index}", experiment)
            run = LabRun(f"run{index}", experiment, history, index, name=name, taken=True)
            for event in script(run, epochs=epochs):
                if ended or not isinstance(event, RunFinished):
                    history.fold(event)
            session.runs.append(run)
        session.baseline = session.runs[0] if session.runs else None
        return session

    return make


def app_of(session, **choices):
    return Host(session, ChartChoices(**choices))


def table(app):
    return app.screen.query_one(ComparisonTable)


def heads(app):
    return [column.label.plain for column in table(app).ordered_columns]


def rows(app):
    found = table(app)
    cells = [[cell.plain for cell in found.get_row_at(index)] for index in range(found.row_count)]
    return {name: rest for name, *rest in cells if name}


def style(text):
    return "".join(span.style for span in text.spans)


def said(app, selector):
    return app.screen.query_one(selector, Static).visual.plain


def notices(app):
    return [notice.message for notice in app._notifications]


async def type_path(pilot, path):
    await pilot.press("w")
    assert isinstance(pilot.app.screen, Ask)
    pilot.app.screen.query_one(Input).value = str(path)
    await pilot.press("enter")


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_settings_that_differ_come_first_then_results_with_their_difference(lab, size):
    app = app_of(lab({}, LAYER, {**LAYER, "optimizer.lr": 0.1}))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert heads(app) == ["", "• baseline", "x norm = layer", "+ confounded: 2 changes"]
        shown = rows(app)
        assert list(shown)[:3] == ["model.norm", "optimizer.lr", "confounded"]
        assert shown["model.norm"] == ["  none", "≠ layer", "≠ layer"]
        assert shown["confounded"] == ["  ", "  ", "  2 changes"]
        assert shown["val_loss (best = last)"][0] == "  1.1476"
        assert shown["val_loss (best = last)"][1] == "★ 0.4963 (-0.6514)"
        assert "training.epochs" not in shown


@pytest.mark.asyncio
async def test_the_best_and_what_differs_have_a_sign_and_a_colour(lab):
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        colors = app.theme_variables
        name, baseline, layer = table(app).get_row_at(0)
        assert name.plain == "model.norm"
        assert style(baseline) == ""
        assert style(layer) == colors["accent"]
        best = table(app).get_row_at(list(rows(app)).index("val_loss (best = last)") + 1)[2]
        assert style(best) == f"bold {colors['success']}"


@pytest.mark.asyncio
async def test_marks_are_plain_characters_where_fonts_are_poor(lab):
    app = app_of(lab({}, LAYER), ascii=True)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        cells = "".join(heads(app) + [cell for row in rows(app).values() for cell in row])
        assert "! layer" in cells
        assert not set("★≠•") & set(cells + said(app, "#signs"))


@pytest.mark.asyncio
async def test_a_key_shows_equal_settings_and_folds_them_away(lab):
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        before = rows(app)
        await pilot.press("e")
        assert rows(app)["training.batch_size"] == ["  64", "  64"]
        assert rows(app)["model.norm.affine"][1].startswith("≠ ")
        await pilot.press("e")
        assert rows(app) == before


@pytest.mark.asyncio
async def test_only_picked_runs_are_columns_and_the_baseline_always_is(lab):
    session = lab({}, LAYER, {"optimizer.lr": 0.1}, {"training.epochs": 4})
    session.baseline = session.runs[1]
    session.runs[1].shown = session.runs[2].shown = False
    session.runs[3].taken = False
    app = app_of(session)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        assert heads(app) == ["", "x baseline", "• norm = none"]
        session.runs[2].shown = True
        app.screen.refresh_session()
        assert heads(app)[3] == "+ confounded: 2 changes"


@pytest.mark.asyncio
async def test_a_baseline_with_a_name_is_still_told_to_be_one(lab):
    app = app_of(lab({}, LAYER, names=["plain"]))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        assert heads(app)[1] == "• plain (baseline)"


@pytest.mark.asyncio
async def test_runs_on_other_data_are_not_compared_and_one_line_says_why(lab):
    app = app_of(lab({}, {"seed": 1}, {"dataset.kind": "circles"}))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        assert rows(app)["not compared"] == ["  ", "  seed differs", "  dataset differs"]
        assert "(" not in "".join(rows(app)["val_loss (best = last)"])


@pytest.mark.asyncio
async def test_nothing_to_compare_says_what_to_do(lab):
    session = lab()
    app = app_of(session)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert said(app, "#nothing") == NOTHING
        assert not table(app).display
        assert not app.screen.query_one(ChartPane).display
        await pilot.press("e", "C", "w")
        assert isinstance(app.screen, CompareScreen)
        assert app.clipboard == ""
        other = lab({}, LAYER)
        session.runs, session.baseline = other.runs, other.baseline
        app.screen.refresh_session()
        await pilot.pause()
        assert table(app).display
        assert table(app).has_focus
        await pilot.press("C")
        assert "norm = layer" in app.clipboard
        for run in session.runs:
            run.shown = False
        app.screen.refresh_session()
        assert said(app, "#nothing") == NONE_PICKED


@pytest.mark.asyncio
async def test_a_single_run_is_shown_with_what_comes_next(lab):
    app = app_of(lab({}))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert said(app, "#signs") == ONE
        assert rows(app)["epoch (best = last)"] == ["  3"]


@pytest.mark.asyncio
async def test_a_run_under_way_is_followed_and_the_place_in_the_table_kept(lab, script):
    session = lab({}, LAYER, {"optimizer.kind": "sgd"}, epochs=3, ended=False)
    app = app_of(session)
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        assert rows(app)["outcome"] == ["  running"] * 3
        await pilot.press("e", *["down"] * 20, "right", "right")
        await pilot.pause()
        found = table(app)
        place = list(rows(app))[found.cursor_row - 1], found.scroll_offset
        assert place[1].x > 0
        assert place[1].y > 0
        for event in list(script(session.runs[2], epochs=4))[-3:]:
            session.runs[2].history.fold(event)
        app.screen.refresh_session()
        await pilot.pause()
        assert rows(app)["outcome"] == ["  running", "  running", "  completed"]
        assert rows(app)["epoch (best = last)"] == ["  3", "  3", "  4"]
        assert (list(rows(app))[found.cursor_row - 1], found.scroll_offset) == place
        session.runs[0].history.fold(list(script(session.runs[0], epochs=3))[-1])
        session.runs[1].history.fold(list(script(session.runs[1], epochs=3))[-1])
        session.runs[2].history.outcome = "completed"
        app.screen.refresh_session()  # the outcome's row goes: all is drawn anew
        await pilot.pause()
        assert "outcome" not in rows(app)
        assert (list(rows(app))[found.cursor_row - 1], found.scroll_offset) == place


@pytest.mark.asyncio
async def test_what_has_not_changed_is_not_drawn_again(lab, monkeypatch):
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        touched = []
        for name in ("clear", "update_cell_at"):
            monkeypatch.setattr(table(app), name, lambda *_, **__: touched.append(1))
        app.screen.refresh_session()
        assert touched == []


@pytest.mark.asyncio
async def test_another_theme_colours_the_table_anew(lab):
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        app.theme = "normlab-light"
        await pilot.pause()
        light = PALETTES["normlab-light"]
        assert style(table(app).ordered_columns[1].label) == f"bold {light.hues[0]}"
        assert style(table(app).get_row_at(0)[2]) == app.theme_variables["accent"]


@pytest.mark.asyncio
async def test_copying_gives_markdown_and_names_the_key_that_exports(lab):
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("C")
        assert app.clipboard.startswith("|")
        assert "**0.4963 (-0.6514)**" in app.clipboard
        (notice,) = notices(app)
        assert "w writes a file" in notice


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["table.md", "table.MD"])
async def test_an_export_to_md_is_markdown(lab, tmp_path, name):
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        await type_path(pilot, tmp_path / name)
        await pilot.pause()
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("|")
        assert notices(app) == [f"Saved {tmp_path / name}"]


@pytest.mark.asyncio
async def test_an_export_to_csv_is_csv_with_what_is_shown(lab, tmp_path):
    app = app_of(lab({}, LAYER))
    path = tmp_path / "new" / "table.csv"
    async with app.run_test(size=NARROW) as pilot:
        await pilot.press("e")
        await type_path(pilot, path)
        await pilot.pause()
    with path.open(newline="") as file:
        found = {name: rest for name, *rest in csv.reader(file)}
    assert found["setting"] == ["baseline", "norm = layer"]
    assert found["training.batch_size"] == ["64", "64"]
    assert float(found["val_loss (best = last), difference"][1]) == pytest.approx(-0.6514, abs=1e-4)


@pytest.mark.asyncio
async def test_a_home_is_understood_and_the_offered_name_lies_where_one_is(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        await type_path(pilot, "~/a.md")
        await pilot.pause()
        await pilot.press("w", "enter")
        await pilot.pause()
        assert (tmp_path / "a.md").exists()
        assert (tmp_path / "comparison.md").exists()


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["table.txt", "table", "", "~nobody-at-all/x.md", "a\x00.md", "folder.md"])
async def test_a_path_that_will_not_do_is_refused_in_one_line(lab, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.md").mkdir()
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        await type_path(pilot, path)
        assert isinstance(app.screen, Ask)
        line = said(app, ".error")
        assert line
        assert "\n" not in line
        await pilot.press("escape")
        assert isinstance(app.screen, CompareScreen)
        assert [each.name for each in tmp_path.iterdir() if each.name != "home"] == ["folder.md"]


@pytest.mark.asyncio
async def test_a_file_that_is_there_is_overwritten_only_after_a_question(lab, tmp_path):
    path = tmp_path / "table.md"
    path.write_text("mine")
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        for key, kept in (("n", True), ("y", False)):
            await type_path(pilot, path)
            await pilot.pause()
            assert isinstance(app.screen, Confirm)
            await pilot.press(key)
            await pilot.pause()
            assert (path.read_text(encoding="utf-8") == "mine") == kept


@pytest.mark.asyncio
async def test_a_file_that_can_not_be_written_is_one_line(lab, tmp_path):
    (tmp_path / "file").write_text("")
    app = app_of(lab({}, LAYER))
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        await type_path(pilot, tmp_path / "file" / "table.md")
        await pilot.pause()
        (notice,) = notices(app)
        assert "can't be written" in notice
        assert "\n" not in notice


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_hostile_names_are_shown_and_exported_harmlessly(lab, tmp_path, size):
    settings = [{"optimizer.lr": 0.001 * (index + 1)} for index in range(len(HOSTILE))]
    app = app_of(lab(*settings, names=HOSTILE))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown = heads(app)
        assert shown[1] == "• [@click=app.quit]x (baseline)"
        assert "⟨U+001B⟩[31mred" in shown[2]
        assert "⟨U+202E⟩" in shown[3]
        await pilot.click(ComparisonTable, offset=(35, 0))
        await pilot.press("C")
        for name in ("a.md", "a.csv"):
            await type_path(pilot, tmp_path / name)
            await pilot.pause()
        texts = [app.clipboard, *((tmp_path / n).read_text(encoding="utf-8") for n in ("a.md", "a.csv"))]
        screen = "".join(
            segment.text for strip in app.screen._compositor.render_strips() for segment in strip
        )
        for text in [*texts, screen]:
            assert not set(text) & set("\x1b\u202e")
        assert app._exit is False
