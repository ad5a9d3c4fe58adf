"""The Study screen, by its keys: planned, run, looked at."""

import threading
import time

import pytest
from support.screens import HOSTILE_NAMES, NARROW, SIZES, WIDE, notices, text_of, until
from support.studies import Scripted, study, study_lab
from textual.events import Paste
from textual.widgets import Input

from normlab.core import places
from normlab.lab.presets import load_preset, load_preset_file
from normlab.store.store import open_store
from normlab.store.studies import find_studies
from normlab.tui import study_desk
from normlab.tui.screens.claim_form import ClaimForm
from normlab.tui.screens.dialogs import Ask, Confirm
from normlab.tui.screens.quit import QuitQuestion
from normlab.tui.screens.run_details import RunDetails
from normlab.tui.screens.save_preset import SavePreset
from normlab.tui.screens.study import StudyScreen

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("no_torch")]


async def opened(pilot):
    """Go to the Study screen, and wait until it is looked up what is made."""
    app = pilot.app
    await until(pilot, lambda: app.bench.store is not None)
    await pilot.press("j")
    await until(pilot, lambda: isinstance(app.screen, StudyScreen) and (app.desk.board or app.desk.trouble))
    await shown(pilot)


async def shown(pilot):
    """Wait until the screen shows the desk as it is."""
    app = pilot.app
    await until(pilot, lambda: app.desk.preset is None or app.desk.board is not None or app.desk.trouble)
    app.screen._look()
    await pilot.pause()


async def made(pilot):
    """Wait until all runs are made and reckoned."""
    desk = pilot.app.desk
    await until(pilot, lambda: not desk.is_busy and desk.board is not None and desk.board.is_complete)
    await until(pilot, lambda: desk.reckoning.caveats and desk.reckoning.board is desk.board)
    await shown(pilot)


def grid(app):
    """The lines of the grid."""
    found = app.screen.grid
    return [found.render_line(y).text for y in range(found.size.height)]


def verdicts(app):
    """What the verdicts say, in a line."""
    return " ".join(app.screen.verdicts._text.visual.plain.split())


@SIZES
async def test_a_study_is_run_by_a_key_and_its_verdict_told(size):
    app = study_lab(scripted=Scripted(diverges={("layer norm, and a rate", 2)}))
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        assert "18 runs" in text_of(app)
        assert "confounded: 2 changes" in text_of(app)
        await pilot.press("r")
        await made(pilot)
        assert "all 18 runs are made" in text_of(app)
        await pilot.press("v")
        await until(pilot, lambda: "✓ supported" in text_of(app))
        assert "Batch norm ends at a lower validation loss" in text_of(app)
        assert "p = 0.03" in text_of(app)
        assert "1 of 18 runs diverged" in verdicts(app)
        await pilot.press("t")
        await until(pilot, lambda: "▲" in text_of(app))
        await pilot.press("r")
        assert "All its runs are made" in notices(app)[-1]


@SIZES
async def test_while_it_runs_the_grid_fills_and_nobody_peeks(size):
    scripted = Scripted(holds_at=13)
    app = study_lab(scripted=scripted)
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await until(pilot, lambda: app.desk.board and app.desk.board.num_ended == 13)
        await pilot.press("t")
        await until(pilot, lambda: "13 of 18 runs" in text_of(app))
        await until(pilot, lambda: "±" in grid(app)[1])
        assert [sum(line.count(sign) for line in grid(app)) for sign in "●·"] == [13, 5]
        assert "5 of 18 runs are still to be made" in verdicts(app)
        assert "supported" not in verdicts(app)
        await pilot.press("c")
        assert "study" in text_of(app).split("\n")[0]
        await pilot.press("j", "x")
        await until(pilot, lambda: not app.desk.is_busy)
        assert app.desk.board.num_ended == 13
        scripted.holds_at = None
        await shown(pilot)
        await pilot.press("r")
        await made(pilot)
        assert len(scripted.begun) == 18


async def test_space_pauses_and_the_bar_says_so():
    app = study_lab(scripted=Scripted(seconds_each=0.01, holds_at=2))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await until(pilot, lambda: app.desk.stage == "running")
        await pilot.press("space")
        assert app.desk.stage == "paused"
        await until(pilot, lambda: "paused" in text_of(app) and "Go on" in text_of(app))
        await pilot.press("space")
        assert app.desk.stage == "running"
        await pilot.press("x")
        await until(pilot, lambda: not app.desk.is_busy)


async def test_many_runs_are_begun_after_a_question():
    app = study_lab(study(seeds=7))
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "Train 21 runs?" in text_of(app)
        await pilot.press("n")
        assert app.desk.stage == "idle"
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await made(pilot)


@SIZES
async def test_enter_on_a_run_shows_it_and_escape_goes_back(size):
    app = study_lab()
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("t")
        await until(pilot, lambda: app.screen.grid.has_focus)
        await pilot.press("enter")
        assert "still to be made" in notices(app)[-1]
        await pilot.press("r")
        await made(pilot)
        await pilot.press("down", "right", "right")
        assert app.screen.grid.place == ("batch norm", 2)
        assert "batch norm · seed 2: completed, epoch 6/6" in text_of(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunDetails))
        await until(pilot, lambda: "batch norm" in text_of(app) and "completed: epoch 6" in text_of(app))
        await pilot.press("escape")
        assert isinstance(app.screen, StudyScreen)
        assert app.screen.grid.place == ("batch norm", 2)


async def test_the_cursor_stays_on_the_grid():
    app = study_lab()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("t", "up", "left")
        assert app.screen.grid.place == ("baseline", 0)
        await pilot.press("end", "right", "pagedown", "down")
        assert app.screen.grid.place == ("layer norm, and a rate", 5)
        await pilot.click("StudyGrid", offset=(30, 2))
        assert app.screen.grid.place[0] == "batch norm"


async def test_a_wide_study_is_scrolled_with_the_cursor():
    more = '[study.grid]\n"optimizer.weight_decay" = [0.0, 0.01, 0.1, 0.2, 0.3]\n'
    app = study_lab(study(seeds=60, more=more))
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("t")
        assert "of 60" in grid(app)[0]
        assert "more" in grid(app)[0]
        assert "0.01" in grid(app)[2]
        await pilot.press("end", *["down"] * 14)
        assert app.screen.grid.place == ("layer norm, and a rate · weight_decay = 0.3", 59)
        await until(pilot, lambda: "–59 of 60" in grid(app)[0])
        assert grid(app)[-1].lstrip().startswith("+ layer")
        assert len(grid(app)) <= 24 * 32 // 100


async def test_metric_scale_and_marks_are_chosen_by_keys():
    app = study_lab()
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await made(pilot)
        assert "curves val_loss" in text_of(app)
        await pilot.press("m")
        await until(pilot, lambda: "curves val_accuracy" in text_of(app))
        await until(pilot, lambda: app.desk.reckoning.wish.metric == "val_accuracy")
        await until(pilot, lambda: "linear" in text_of(app))
        await pilot.press("M", "A")
        await until(pilot, lambda: "curves val_loss" in text_of(app) and "o completed" in text_of(app))
        assert not set("●▁▂▃▄▅▆▇█±") & set("\n".join(grid(app)))
        await pilot.press("s")
        await until(pilot, lambda: "single seeds" not in text_of(app))
        assert app.preferences.chart.ascii


@SIZES
async def test_a_study_is_built_from_the_form(size):
    app = study_lab(load_preset("digits"))
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("N")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await shown(pilot)
        assert "No study yet" in text_of(app)
        await pilot.press("a")
        assert "add one first" in notices(app)[-1]
        await pilot.press("l", "plus", "plus")
        assert "baseline is set" in notices(app)[-2]
        assert "is the same as baseline" in notices(app)[-1]
        await pilot.press("right", "plus")  # the focus is on the norm
        assert "Added the arm “norm = batch” (10 seeds each, 20 runs)" in notices(app)[-1]
        await pilot.press("j")
        await shown(pilot)
        assert "norm = batch" in text_of(app)
        assert "confounded" not in text_of(app)
        await until(pilot, lambda: app.desk.changes and "so parameters: 26,122 → 26,634" in text_of(app))
        assert app.desk.preset.num_runs == 20


@SIZES
async def test_a_claim_is_said_in_a_dialog_that_checks_it(size):
    app = study_lab(load_preset("digits"))
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ClaimForm))
        assert "Batch norm has a lower val_loss than baseline" in text_of(app)
        await pilot.press("right", "down", "right", "right")  # layer norm, against itself
        assert "is the arm itself" in text_of(app)
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, ClaimForm)
        await pilot.press("left", "left", "down")
        while app.screen._choice("metric") != "epochs_to":
            await pilot.press("right")
        await until(pilot, lambda: "value to reach" in text_of(app))
        await pilot.press("down", "right", "tab", "0", ".", "9")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen))
        (claim,) = app.desk.preset.claims
        assert (claim.arm, claim.against, claim.metric) == ("layer norm", "baseline", "epochs_to")
        assert list(claim.target.values()) == [0.9]
        assert claim.text.startswith("Layer norm reaches a ")
        await shown(pilot)
        assert "Layer norm reaches a" in text_of(app)


async def test_a_line_of_the_plan_is_changed_by_enter_and_removed_by_a_key():
    app = study_lab()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        assert "baseline is what all arms change" in notices(app)[-1]
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*["backspace"] * 10, "B", "N", "enter")
        await until(pilot, lambda: app.desk.preset.claims[0].arm == "BN")
        await shown(pilot)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("backspace", "x", "enter")
        assert "whole number" in text_of(app)
        await pilot.press("backspace", "8", "enter")
        await until(pilot, lambda: app.desk.preset.study.seeds == 8)
        await shown(pilot)
        await pilot.press("down", "down", "D")
        await until(pilot, lambda: not app.desk.preset.claims)
        await shown(pilot)
        await pilot.press("home", "D")
        assert len(app.desk.preset.arms) == 2
        await pilot.press("down", "D")
        await until(pilot, lambda: len(app.desk.preset.arms) == 1)


async def test_a_long_number_is_refused_and_not_read():
    app = study_lab()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("end", "up", "up", "enter")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        for length in (3_900, 5_000):  # Python reads 4,300 digits at most
            app.screen.query_one(Input).post_message(Paste("1" * length))
            await until(pilot, lambda: "whole number from 1 to 10,000" in text_of(app))
        await pilot.press("enter", "escape")
        assert app.desk.preset.study.seeds == 6
        assert app.is_running


async def test_curves_are_never_those_of_another_metric(monkeypatch):
    app, held = study_lab(), threading.Event()
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await made(pilot)
        assert app.screen.chart._bands
        reckon = study_desk.reckon

        def slow(*args):
            assert held.wait(30)
            return reckon(*args)

        monkeypatch.setattr(study_desk, "reckon", slow)
        await pilot.press("m")
        await until(pilot, lambda: "curves val_accuracy" in text_of(app))
        await until(pilot, lambda: "curves are being gathered" in text_of(app))
        assert not app.screen.chart._bands
        held.set()
        await until(pilot, lambda: app.desk.reckoning.wish.metric == "val_accuracy")
        await shown(pilot)
        assert [each.band.median[-1] > 0.5 for each in app.screen.chart._bands] == [True] * 3
        assert "gathered" not in text_of(app)


async def test_what_the_study_waits_for_is_told_and_the_lab_that_it_is_paused():
    app = study_lab(scripted=Scripted(holds_at=0))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        with app.desk.session.turn:
            await pilot.press("r")
            await until(pilot, lambda: "waits for the estimate of its time" in text_of(app))
        await until(pilot, lambda: app.desk.stage == "running")
        await pilot.press("space", "l", "r")
        await until(pilot, lambda: "waits for the study 0/18 paused" in text_of(app))
        await pilot.press("j", "x")
        await until(pilot, lambda: not app.desk.is_busy)
        app.bench.session.stop_all()
        await until(pilot, lambda: not app.bench.session.working)


@SIZES
async def test_a_plan_with_a_scrollbar_is_wrapped_to_the_room_beside_it(size):
    more = '[study.grid]\n"training.batch_size" = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]\n'
    preset = study(more=more)
    claims = [preset.claims[0].model_copy(update={"text": f"{n} " + "wide " * 40}) for n in range(9)]
    app = study_lab(preset.with_(claims=tuple(claims)))
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        plan = app.screen.plan
        assert plan.show_vertical_scrollbar
        widest = max(len(line) for each in plan.options for line in str(each.prompt).split("\n"))
        assert plan._width - 6 < widest <= plan.scrollable_content_region.width


async def test_an_arm_with_claims_is_removed_after_a_question():
    app = study_lab()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("down", "D")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "and 1 claim about it" in text_of(app)
        await pilot.press("y")
        await until(pilot, lambda: len(app.desk.preset.arms) == 1)
        assert app.desk.preset.claims == ()


async def test_while_it_runs_the_plan_cannot_be_changed():
    app = study_lab(scripted=Scripted(holds_at=2))
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await until(pilot, lambda: app.desk.stage == "running")
        before = app.desk.preset
        # What is typed into a dialog would be lost.
        for keys in (("end", "D"), ("enter",), ("home", "down", "enter"), ("D",), ("a",), ("o",), ("N",)):
            app.clear_notifications()
            await pilot.press(*keys)
            await until(pilot, lambda: notices(app))
            assert "is being run" in notices(app)[-1], keys
            assert isinstance(app.screen, StudyScreen), keys
        await pilot.press(*["down"] * 3)
        assert app.screen.plan.chosen == ("jobs", 0)
        app.clear_notifications()
        await pilot.press("enter")
        await until(pilot, lambda: notices(app))
        assert isinstance(app.screen, StudyScreen)
        assert app.desk.preset is before
        assert len(app.desk.preset.claims) == 1
        await pilot.press("x")
        await until(pilot, lambda: not app.desk.is_busy)


async def test_a_kept_study_is_opened_from_a_list():
    app = study_lab(study(seeds=2))
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("o")
        await until(pilot, lambda: "No study has been run yet." in notices(app))
        await pilot.press("r")
        await made(pilot)
    app = study_lab(load_preset("digits"))
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("o")
        await until(pilot, lambda: "Studies that were run" in text_of(app))
        assert "3 arms, 2 seeds, 1 claim, cpu: Which" in text_of(app)  # what tells one from another first
        await pilot.press("enter")
        await until(pilot, lambda: app.desk.board is not None and app.desk.board.is_complete)
        await shown(pilot)
        assert "all 6 runs are made" in text_of(app)


async def test_a_study_is_saved_with_arms_seeds_and_claims():
    app = study_lab()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, SavePreset))
        await pilot.press(*"mine", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, StudyScreen))
        saved = load_preset_file(places.own_presets() / "mine.toml")
        assert saved == app.desk.preset


async def test_loading_a_preset_fills_the_screen():
    app = study_lab(load_preset("digits"))
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        app.load_preset(load_preset("d1-circles"), places.shipped_presets() / "d1-circles.toml")
        await pilot.press("j")
        await shown(pilot)
        assert "D1: batch norm on two circles" in text_of(app)


async def test_leaving_while_it_runs_asks_and_what_was_made_is_kept():
    app = study_lab(scripted=Scripted(holds_at=2))
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await until(pilot, lambda: app.desk.board and app.desk.board.num_ended == 2)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QuitQuestion))
        assert "A study is training" in text_of(app)
        await pilot.press("y")
    assert len(find_studies(open_store())) == 1


class Lingering(Scripted):
    """Its workers are still to be closed once all runs have ended."""

    def execute(self, slots, store, *, device, jobs, control):
        yield from super().execute(slots, store, device=device, jobs=jobs, control=control)
        while control.outcome is None:
            time.sleep(0.005)


async def test_a_complete_study_is_not_asked_about_though_its_workers_are_being_closed():
    app = study_lab(scripted=Lingering())
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await until(pilot, lambda: app.desk.board and app.desk.board.is_complete)
        assert app.desk.is_busy
        await pilot.press("q")
    assert app.return_code == 0


async def test_keys_of_the_lab_do_not_train_unseen():
    app = study_lab()
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("n", "R", "n")
        assert not app.bench.session.runs


@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES if name.isprintable()])
@SIZES
async def test_hostile_names_are_only_shown(size, name):
    preset = study(seeds=2)
    arms = [arm.model_copy(update={"name": name}) if arm.name == "batch norm" else arm for arm in preset.arms]
    claim = preset.claims[0].model_copy(update={"arm": name, "text": name})
    app = study_lab(preset.with_(arms=arms, claims=(claim,), title=name))
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("r")
        await made(pilot)
        for key in "ftgv":
            await pilot.press(key)
            await shown(pilot)
        assert name in verdicts(app)
        assert app.is_running


async def test_a_small_terminal_says_so():
    app = study_lab()
    async with app.run_test(size=(60, 15)) as pilot:
        await until(pilot, lambda: app.bench.store is not None)
        app.switch_mode("study")
        await until(pilot, lambda: "too small" in text_of(app))
