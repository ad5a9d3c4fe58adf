"""What is done with kept runs: picked, tagged, named, resumed, exported, deleted and brought back."""

import pytest
from support.kept import keep, start
from support.lab import lab
from support.screens import NARROW, SIZES, WIDE, notices, text_of, until
from textual.widgets import Input, TextArea

from normlab.store.edit import delete
from normlab.store.find import find_run, find_runs
from normlab.store.store import open_store
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.compare import CompareScreen
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.lab import LabScreen
from normlab.tui.screens.note import Note
from normlab.tui.screens.runs import RunsScreen
from normlab.tui.widgets.kept_table import KeptTable
from normlab.views.comparison import NOT_COMPARED
from normlab.views.recall import recall

pytestmark = pytest.mark.usefixtures("no_torch")


async def go(pilot, count):
    """Go to the kept runs, and wait until so many are listed."""
    await pilot.press("k")
    await listed(pilot, count)


async def listed(pilot, count):
    await until(
        pilot,
        lambda: (
            isinstance(pilot.app.screen, RunsScreen)
            and pilot.app.screen._total == count
            and not any(worker.group == "kept" for worker in pilot.app.workers)
        ),
    )


async def until_screen(pilot, kind):
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))


async def answer(pilot, text):
    """Type over what a dialog asks for."""
    await until_screen(pilot, Ask)
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await until_screen(pilot, RunsScreen)


def kept(run):
    return find_run(open_store(), run)


@SIZES
@pytest.mark.asyncio
async def test_picked_runs_are_drawn_and_compared_and_let_go_again(size):
    keep(id="aaaaaa")
    keep({"model.norm.kind": "batch"}, id="bbbbbb", name="mine")
    app = lab()
    async with app.run_test(size=size) as pilot:
        session = app.bench.session
        await go(pilot, 2)
        for _ in range(3):  # quick fingers pick no run twice
            app.screen.action_pick()
        await until(pilot, lambda: len(session.runs) == 1)
        await pilot.press("down", "v")
        await until(pilot, lambda: len(session.runs) == 2)
        assert {session.label(run) for run in session.runs} == {"mine", "baseline · aaaaaa"}
        assert all(len(run.history.points) == 3 and run.finished for run in session.runs)
        await until(pilot, lambda: "2 picked" in text_of(app))
        await pilot.press("c")
        await until_screen(pilot, CompareScreen)
        await until(pilot, lambda: "model.norm" in text_of(app))
        assert session.drawn == session.runs
        await pilot.press("k")
        await listed(pilot, 2)
        await pilot.press("v")
        await until(pilot, lambda: len(session.runs) == 1)


@pytest.mark.asyncio
async def test_a_new_run_is_compared_with_the_picked_ones():
    keep({"model.norm.kind": "layer"}, id="aaaaaa")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await go(pilot, 1)
        await pilot.press("v")
        await until(pilot, lambda: session.runs)
        await pilot.press("l", "r")
        await until(pilot, lambda: len(session.runs) == 2 and not session.working)
        assert all(run.shown for run in session.runs)
        assert session.baseline is session.runs[1]


@pytest.mark.asyncio
async def test_kept_runs_on_other_data_or_of_another_loss_are_not_ranked_in_silence():
    keep(id="aaaaaa")
    keep({"dataset.val_fraction": 0.5}, id="bbbbbb")
    keep({"loss.kind": "mse"}, id="cccccc")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await go(pilot, 3)
        for _ in range(3):
            before = len(session.runs)
            await pilot.press("end", *["up"] * before, "v")
            await until(pilot, lambda before=before: len(session.runs) == before + 1)
        await pilot.press("c")
        await until_screen(pilot, CompareScreen)
        await until(pilot, lambda: NOT_COMPARED in text_of(app))
        assert app.screen.comparison().not_compared == ["", "dataset.val_fraction differs", "loss differs"]


@SIZES
@pytest.mark.asyncio
async def test_tags_note_and_name_are_kept(size):
    keep(id="aaaaaa", tags=["old", "paper"])
    app = lab()
    async with app.run_test(size=size) as pilot:
        await go(pilot, 1)
        await pilot.press("t")
        await until_screen(pilot, Ask)
        app.screen.query_one(Input).value = 'pap"er'
        await pilot.press("enter")
        await until(pilot, lambda: "must be one word" in text_of(app))
        await answer(pilot, "paper, best")
        await until(pilot, lambda: kept("aaaaaa").tags == ("best", "paper"))
        await pilot.press("e")
        await answer(pilot, "a name [/]")
        await until(pilot, lambda: "a name [/]" in text_of(app))
        await pilot.press("N")
        await until_screen(pilot, Note)
        app.screen.query_one(TextArea).text = "two\nlines"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: kept("aaaaaa").note == "two\nlines")
        await pilot.press("e")
        await answer(pilot, "")
        await until(pilot, lambda: kept("aaaaaa").name is None)


@pytest.mark.asyncio
async def test_a_name_given_in_the_lab_is_kept_before_and_after_the_run_has_begun():
    app = lab(start=lambda run: start(run, seconds_each=0.01))
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await pilot.press("n", "r", "t", "down", "e")  # the second one waits
        await until_screen(pilot, Ask)
        app.screen.query_one(Input).value = "the second"
        await pilot.press("enter")
        await until(pilot, lambda: session.runs[1].name == "the second")
        await pilot.press("space")
        await until(pilot, lambda: not session.working)
        assert kept(session.runs[1].id).name == "the second"
        await pilot.press("up", "e")
        await until_screen(pilot, Ask)
        app.screen.query_one(Input).value = "the first"
        await pilot.press("enter")
        await until(pilot, lambda: kept(session.runs[0].id).name == "the first")


@pytest.mark.asyncio
async def test_a_run_opens_as_a_form():
    keep({"model.norm.kind": "group", "model.norm.groups": 4}, id="aaaaaa")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 1)
        await pilot.press("o")
        await until_screen(pilot, LabScreen)
        assert app.bench.draft.experiment == kept("aaaaaa").experiment
        await until(pilot, lambda: "group" in text_of(app))


@SIZES
@pytest.mark.asyncio
async def test_an_interrupted_run_goes_on_under_its_id(size):
    keep({"training.epochs": 8}, id="aaaaaa", epochs=3, outcome="interrupted", reason="a signal", state=True)
    app = lab(start=start)
    async with app.run_test(size=size) as pilot:
        session = app.bench.session
        await go(pilot, 1)
        await until(pilot, lambda: "interrupted" in text_of(app))
        await pilot.press("u")
        await until(pilot, lambda: session.runs and not session.working)
        assert [run.id for run in session.runs] == ["aaaaaa"]
        assert [point.epoch for point in session.runs[0].history.points] == list(range(1, 9))
        await until(pilot, lambda: "completed" in text_of(app))
        run = kept("aaaaaa")
        assert (run.outcome, run.reason, run.epoch) == ("completed", None, 8)
        assert len(recall(run, open_store()).points) == 8
        assert find_runs(open_store()).total == 1


@pytest.mark.asyncio
async def test_a_completed_run_is_extended_to_as_many_epochs_as_one_says():
    keep(id="aaaaaa", epochs=3, state=True)
    app = lab(start=start)
    async with app.run_test(size=NARROW) as pilot:
        session = app.bench.session
        await go(pilot, 1)
        await pilot.press("v")
        await until(pilot, lambda: session.runs)
        picked = session.runs[0]
        await pilot.press("u")
        await until_screen(pilot, Ask)
        for typed, wrong in (
            ("3", "is not more than the 3"),
            ("x", "Type a whole number."),
            ("9" * 12, "training.epochs"),
        ):
            app.screen.query_one(Input).value = typed
            await until(pilot, lambda wrong=wrong: wrong in text_of(app))
        await answer(pilot, "5")
        await until(pilot, lambda: picked.taken and picked.finished and not session.working)
        assert session.runs == [picked]
        assert len(picked.history.points) == 5
        assert kept("aaaaaa").experiment.training.epochs == 5


@pytest.mark.asyncio
async def test_what_cannot_be_resumed_says_why():
    keep(id="aaaaaa")
    keep(id="bbbbbb", outcome="diverged", state=True)
    app = lab(start=lambda run: start(run, epochs=20_000, seconds_each=0.01))
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 2)
        for why in ("It has diverged: open it as form (o)", "Its state isn't there to go on from"):
            await pilot.press("u", "down")
            await until(pilot, lambda why=why: any(why in said for said in notices(app)))
        await pilot.press("r")
        await listed(pilot, 3)
        await pilot.press("home", "u")
        await until(pilot, lambda: "It is under way." in notices(app))
        await pilot.press("D")
        await until(pilot, lambda: "It is under way: stop it first." in notices(app))
        await pilot.press("X")
        await until(pilot, lambda: not app.bench.session.working)


@pytest.mark.asyncio
async def test_a_run_that_was_killed_before_it_was_saved_begins_anew():
    keep({"training.epochs": 8}, id="aaaaaa", epochs=3, outcome="interrupted")
    app = lab(start=lambda run: start(run, anew=True))
    async with app.run_test(size=WIDE) as pilot:
        session = app.bench.session
        await go(pilot, 1)
        await pilot.press("u")
        await until(pilot, lambda: session.runs and not session.working)
        assert "It was saved at no step: it begins anew." in notices(app)
        assert [point.epoch for point in session.runs[0].history.points] == list(range(1, 9))


@SIZES
@pytest.mark.asyncio
async def test_a_deleted_run_can_be_brought_back_until_the_lab_is_left(size):
    for name in ("aaaaaa", "bbbbbb"):
        keep(id=name)
    hidden = keep(id="cccccc")
    delete(open_store(), [hidden])  # by somebody else: it is theirs to purge
    folder = open_store().runs
    app = lab()
    async with app.run_test(size=size) as pilot:
        await go(pilot, 2)
        await pilot.press("v")
        await until(pilot, lambda: app.bench.session.runs)
        for left in (1, 0):
            await pilot.press("D")
            await until_screen(pilot, Confirm)
            assert "U brings it back" in " ".join(text_of(app).split())
            await pilot.press("y")
            await listed(pilot, left)
        assert app.bench.session.runs == []
        await pilot.press("U")
        await listed(pilot, 1)
        assert app.screen.query_one(KeptTable).chosen.id == "aaaaaa"
        assert (folder / "bbbbbb").exists()  # a kill now leaves it hidden, and whole
    assert not (folder / "bbbbbb").exists()
    assert (folder / "aaaaaa").exists()
    with open_store().read() as connection:
        assert [row[0] for row in connection.execute("SELECT id FROM runs ORDER BY id")] == [
            "aaaaaa",
            "cccccc",
        ]


@pytest.mark.asyncio
async def test_a_deletion_is_asked_about():
    keep(id="aaaaaa")
    app = lab()
    async with app.run_test(size=NARROW) as pilot:
        await go(pilot, 1)
        await pilot.press("D")
        await until_screen(pilot, Confirm)
        await pilot.press("escape")
        await listed(pilot, 1)
        assert app.bench.deleted == []


@SIZES
@pytest.mark.asyncio
async def test_runs_are_exported_in_a_format_of_others(size, tmp_path):
    keep(id="aaaaaa")
    keep({"model.norm.kind": "batch"}, id="bbbbbb")
    app = lab()
    target = tmp_path / "runs.csv"
    async with app.run_test(size=size) as pilot:
        await go(pilot, 2)
        for said, count in (("Export “baseline” as", 1), ("Export the 2 picked runs as", 2)):
            if count == 2:
                await pilot.press("v", "down", "v")
                await until(pilot, lambda: len(app.bench.session.runs) == 2)
            await pilot.press("w")
            await until_screen(pilot, Choose)
            assert said in text_of(app)
            await pilot.press(*"csv", "enter")
            await until_screen(pilot, Ask)
            app.screen.query_one(Input).value = str(target)
            await pilot.press("enter")
            if count == 2:
                await until_screen(pilot, Confirm)
                await pilot.press("y")
            await until(pilot, lambda count=count: sum("Exported to" in n for n in notices(app)) == count)
            text = target.read_text()
            assert ("bbbbbb" in text, "aaaaaa" in text) == (True, count == 2)


@pytest.mark.asyncio
async def test_an_export_that_cannot_be_written_says_why(tmp_path):
    keep(id="aaaaaa")
    (tmp_path / "file").write_text("in the way")
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 1)
        await pilot.press("w")
        await until_screen(pilot, Choose)
        await pilot.press(*"json", "enter")
        await until_screen(pilot, Ask)
        app.screen.query_one(Input).value = str(tmp_path / "file" / "x.json")
        await pilot.press("enter")
        await until(pilot, lambda: any("can't be written" in said for said in notices(app)))


@pytest.mark.asyncio
async def test_a_store_that_cannot_be_written_says_so_and_asks_again(monkeypatch):
    keep(id="aaaaaa")
    store = open_store()
    app = lab()
    async with app.run_test(size=WIDE) as pilot:
        await go(pilot, 1)
        monkeypatch.setattr(store, "is_read_only", True)
        monkeypatch.setattr(store, "problem", "the store: can't be written")
        await pilot.press("N")
        await until_screen(pilot, Note)
        app.screen.query_one(TextArea).text = "long thoughts"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: any("can't be written" in said for said in notices(app)))
        await until_screen(pilot, Note)
        assert app.screen.query_one(TextArea).text == "long thoughts"
        await pilot.press("escape")
        await until_screen(pilot, Confirm)
        await pilot.press("n", "escape")
        await until_screen(pilot, Confirm)
        await pilot.press("y")
        await until_screen(pilot, RunsScreen)
