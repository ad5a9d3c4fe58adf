import csv
import io

import pytest

from normlab.engine.events import Point
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.views.comparison import compare
from normlab.views.comparison_text import to_csv, to_markdown
from normlab.views.history import History


def ran(settings=None, loss=0.5):
    point = Point(epoch=1, step=10, metrics={"val_loss": loss})
    experiment = change(Experiment(), settings or {})
    how = {"num_parameters": 1234, "seconds": 1.5, "outcome": "completed"}
    return History("", experiment, best=point, last=point, **how)


def table(*names, settings=None):
    runs = [ran(), *(ran(settings or {"optimizer.lr": 0.1}, 0.25) for _ in names[1:])]
    return compare([(name, [run]) for name, run in zip(names, runs, strict=True)])


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def test_markdown_is_a_table_with_differences_and_the_best_in_bold():
    assert to_markdown(table("baseline", "lr = 0.1")) == (
        "|                        | baseline | lr = 0.1             |\n"
        "| ---------------------- | -------: | -------------------: |\n"
        "| optimizer.lr           | 0.001    | 0.1                  |\n"
        "| epoch (best = last)    | 1        | 1 (=)                |\n"
        "| val_loss (best = last) | 0.5000   | **0.2500 (-0.2500)** |\n"
        "| parameters             | 1,234    | 1,234 (=)            |\n"
        "| seconds                | 1.50     | 1.50 (=)             |\n"
    )


def test_csv_holds_unrounded_numbers_and_differences_in_rows_of_their_own():
    assert rows(to_csv(table("baseline", "lr = 0.1"))) == [
        ["setting", "baseline", "lr = 0.1"],
        ["optimizer.lr", "0.001", "0.1"],
        ["epoch (best = last)", "1", "1"],
        ["epoch (best = last), difference", "", "0"],
        ["val_loss (best = last)", "0.5", "0.25"],
        ["val_loss (best = last), difference", "", "-0.25"],
        ["parameters", "1234", "1234"],
        ["parameters, difference", "", "0"],
        ["seconds", "1.5", "1.5"],
        ["seconds, difference", "", "0.0"],
    ]


HOSTILE = (
    "a|b",
    "`x`",
    "[x](evil)",
    "<img src=x>",
    "\\|",
    "**b**",
    "a\nb",
    "a\u2028b",
    "\x1b[31mred",
    "\u202egnp.exe",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_can_not_break_a_markdown_table(name):
    text = to_markdown(table("baseline", name))
    lines = text.splitlines()
    assert len(lines) == 7
    for hidden in "\x1b\u202e\u2028":
        assert hidden not in text
    cell = lines[0].split(" baseline | ")[1].removesuffix(" |")
    unescaped = cell.replace("\\\\", "")
    for sign in "|`[<*":
        assert unescaped.count(sign) == unescaped.count(f"\\{sign}")


LIVE = {
    "[x](http://evil)": "`[x](http://evil)`",
    "see WWW.evil.com": "`see WWW.evil.com`",
    "@user": "`@user`",
    "fixes #1": "`fixes #1`",
    "[@click=app.quit]x": "`[@click=app.quit]x`",
    "`@user`": "`` `@user` ``",
    "``` @a|b": "```` ``` @a│b ````",
    "\\|@a": "`\\│@a`",
}


@pytest.mark.parametrize("name", LIVE)
def test_names_that_github_would_bring_to_life_are_code(name):
    cell = to_markdown(table("baseline", name)).splitlines()[0].split(" baseline | ")[1].removesuffix(" |")
    assert cell.rstrip() == LIVE[name]


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@SUM(A1)", "  =1", "＝1", "=cmd|' /C calc'!A0"])
def test_a_spreadsheet_does_not_run_names(name):
    assert rows(to_csv(table("baseline", name)))[0][2] == "'" + name


def test_a_spreadsheet_does_not_run_settings_from_files_and_keeps_negative_numbers():
    path = {"dataset.kind": "file", "dataset.path": "=evil()", "dataset.target": "y"}
    comparison = compare([("a", [ran(path)]), ("b", [ran({**path, "dataset.path": "-b.csv"})])])
    assert rows(to_csv(comparison))[1] == ["dataset.path", "'=evil()", "'-b.csv"]
    named = {row[0]: row[1:] for row in rows(to_csv(table("a", "b")))}
    assert named["val_loss (best = last), difference"] == ["", "-0.25"]


@pytest.mark.parametrize("name", ["a,b", 'say "x"', "a\nb", "\x1b[31m", "\ta"])
def test_names_can_not_break_csv(name):
    text = to_csv(table("baseline", name))
    assert len(text.splitlines()) == len(rows(text)) == 10
    assert {len(row) for row in rows(text)} == {3}
    assert "\x1b" not in text


def test_what_is_absent_is_empty_in_csv():
    comparison = table("a", "b", settings={"model.dropout.kind": "dropout"})
    assert rows(to_csv(comparison))[1] == ["model.dropout", "none", "dropout"]
    run = History("", Experiment(), outcome="failed")
    assert rows(to_csv(compare([("a", [ran()]), ("b", [run])])))[2][2] == ""
