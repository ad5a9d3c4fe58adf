"""The form: the check behind it."""

import threading

import pytest
from support.form import BASE, FormApp, go
from support.screens import WIDE, until

from normlab.core.errors import Problem
from normlab.lab import inspection
from normlab.lab.settings import change


@pytest.mark.asyncio
async def test_refusals_of_the_whole_come_to_their_row_with_a_remedy():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        app.draft.change("model.norm.kind", "group")
        app.draft.change("model.norm.groups", 3)
        app.form.refresh_form()
        await until(pilot, lambda: app.draft.checked)
        shown = " ".join(app.shown("model.norm.groups").split())
        assert "✗ does not divide 128 channels; try 1, 2, 4" in shown
        assert app.form.rows["model.norm.groups"].size.height >= 2
        assert app.form.other_problems() == []
        assert app.posted[-1].summary.num_layers == 3


@pytest.mark.asyncio
async def test_warnings_are_marked_as_such():
    app = FormApp(change(BASE, {"model.norm.kind": "batch", "training.last_batch": "drop"}))
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        assert "! is redundant in front of batch norm" in app.shown("model.bias")
        assert not app.draft.refusals


@pytest.mark.asyncio
async def test_a_warning_takes_one_line_until_its_row_has_the_focus_and_an_error_all_it_needs():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        told = "is odd in many more words than there is any room for in one line of this form of ours"
        odd = Problem("model.bias", told, warning=True)
        app.draft.accept(app.draft.version, [odd, Problem("model.dropout.kind", told)])
        app.form.show_rows()
        await pilot.pause()
        row = app.form.rows["model.bias"]
        assert row.size.height == 2
        assert app.shown("model.bias").endswith(" …")
        assert app.shown("model.dropout.kind").endswith("ours")
        await go(pilot, "model.bias")
        await pilot.pause()
        assert row.size.height == 4
        assert app.shown("model.bias").endswith("ours")
        below = app.form.rows["model.hidden"]
        await go(pilot, below.row.path)
        await pilot.pause()
        assert row.size.height == 2


@pytest.mark.asyncio
async def test_problems_without_a_row_are_for_others_to_tell():
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        app.draft.accept(app.draft.version, [Problem("the machine", "is tired")])
        assert [problem.rule for problem in app.form.other_problems()] == ["is tired"]


@pytest.mark.asyncio
async def test_a_check_that_fails_leaves_the_form_alive(monkeypatch):
    def fail(experiment):
        raise ZeroDivisionError("[@click=app.quit]")

    monkeypatch.setattr(inspection, "problems", fail)
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.draft.checked)
        (problem,) = app.form.other_problems()
        assert "ZeroDivisionError" in problem.rule
        assert not app.draft.refusals
        assert app.posted[-1].summary is None


@pytest.mark.asyncio
async def test_a_check_that_has_been_overtaken_is_dropped_and_the_form_stays_free(monkeypatch):
    held, begun = threading.Event(), threading.Event()
    looked = []

    def slow(experiment):
        looked.append(experiment.training.epochs)
        begun.set()
        assert held.wait(10)
        return [Problem("training.epochs", f"is {experiment.training.epochs}")]

    monkeypatch.setattr(inspection, "problems", slow)
    app = FormApp()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, begun.is_set)
        await go(pilot, "training.epochs")
        await pilot.press("right", "right", "right")
        assert app.value("training.epochs") == 13
        held.set()
        await until(pilot, lambda: app.draft.checked)
        assert app.form.rows["training.epochs"].row.problem.rule == "is 13"
        assert looked == [10, 13]
