import math
import re

import pytest

from normlab.engine.events import Measured, Probed, RunFinished
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.views.curves import (
    ACCURACY,
    BEST,
    CALIBRATION,
    DIVERGED,
    GRADIENT,
    LOSS,
    RATE,
    RMSE,
    ChartChoices,
    Curve,
    collect,
    draw_curves,
    next_axis,
    places,
    resolve_axis,
    smooth,
    tabs,
)
from normlab.views.history import History

NAN, INF = math.nan, math.inf
LINEAR = ChartChoices(log=False)


def lived(*losses, val=None, settings=None, outcome="completed", **more):
    """A history whose training losses are these, one an epoch of ten steps and a quarter of a second."""
    history = History("", change(Experiment(), settings or {}))
    for epoch, loss in enumerate(losses, 1):
        metrics = {"train_loss": loss, "lr": 0.1 / epoch, "grad_norm": 1.0, "seconds": epoch / 4}
        metrics |= {"val_loss": val[epoch - 1]} if val else {}
        metrics |= {name: values[epoch - 1] for name, values in more.items()}
        history.fold(Measured(run="r", epoch=epoch, step=10 * epoch, metrics=metrics))
    if outcome:
        history.fold(RunFinished(run="r", outcome=outcome, best=history.best, last=history.last, seconds=1.0))
    return history


def curves(history, tab=LOSS, axis="epoch", mark="o"):
    return collect(history, tab, axis, "#6cb6ff", mark)


def text_of(*runs, tab=LOSS, choices=LINEAR, window=None, axis="epoch"):
    drawing = draw_curves(runs, tab, choices, axis, 60, 12, window)
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in drawing.lines]
    return drawing, lines


def test_tabs_are_those_that_some_run_has_values_for():
    assert tabs([]) == [LOSS, ACCURACY, RATE, GRADIENT]
    assert tabs([lived(1.0, train_rmse=[1.0])]) == [LOSS, RMSE, RATE, GRADIENT]
    both = [lived(1.0, train_rmse=[1.0]), lived(1.0, train_accuracy=[0.5])]
    assert tabs(both) == [LOSS, ACCURACY, RMSE, RATE, GRADIENT]
    assert tabs([lived(1.0, train_accuracy=[0.5], val_ece=[0.1])]) == [
        LOSS,
        ACCURACY,
        CALIBRATION,
        RATE,
        GRADIENT,
    ]


@pytest.mark.parametrize(("sizes", "title"), [((3,), "Fit"), ((3, 2), "Surface")])
def test_a_picture_has_a_tab_once_there_is_one(sizes, title):
    history = lived(1.0)
    ends = tuple(1.0 for _ in sizes)
    answers = (0.0,) * math.prod(sizes)
    history.fold(
        Probed(run="r", epoch=1, step=1, low=ends, high=ends, sizes=sizes, answers=answers, num_classes=None)
    )
    assert [tab.title for tab in tabs([lived(1.0), history])][-1] == title


def test_curves_run_over_steps_where_any_run_is_counted_in_them():
    epochs, steps = History("", Experiment()), lived(1.0, settings={"training.steps": 50})
    assert resolve_axis(ChartChoices(), [epochs]) == "epoch"
    assert resolve_axis(ChartChoices(), [epochs, steps]) == "step"
    assert resolve_axis(ChartChoices(axis="seconds"), [epochs, steps]) == "seconds"
    assert resolve_axis(ChartChoices(), []) == "epoch"


@pytest.mark.parametrize(("axis", "x"), [("epoch", [1, 2]), ("step", [10, 20]), ("seconds", [0.25, 0.5])])
def test_a_run_is_gathered_over_the_axis(axis, x):
    run = curves(lived(2.0, 1.0, val=[2.5, 1.5]), axis=axis)
    assert run.curves == (Curve(x, [2.0, 1.0]), Curve(x, [2.5, 1.5]))
    assert run.best == x[1]
    assert run.diverged is None
    assert places([run]) == x


def test_the_place_of_divergence_is_that_of_the_first_value_that_stays_odd():
    assert curves(lived(2.0, 1.0, NAN, outcome="diverged")).diverged == 3
    assert curves(lived(2.0, 1.0, 1.0, val=[1.0, INF, NAN], outcome=None)).diverged == 2
    assert curves(lived(2.0, 1.0, outcome="diverged")).diverged == 2, "between two evaluations"
    assert curves(lived(2.0, 1.0)).diverged is None
    assert curves(lived(outcome="diverged")).diverged is None


@pytest.mark.parametrize("outcome", [None, "completed", "stopped"])
def test_an_infinity_that_passes_is_no_divergence(outcome):
    assert curves(lived(2.0, INF, 1.0, outcome=outcome)).diverged is None


def test_smoothing_is_a_debiased_moving_average():
    values = smooth([1.0, 3.0, 5.0], 0.6)
    second = (0.6 * 0.4 * 1 + 0.4 * 3) / (1 - 0.6**2)
    third = (0.6 * (0.6 * 0.4 * 1 + 0.4 * 3) + 0.4 * 5) / (1 - 0.6**3)
    assert values == pytest.approx([1.0, second, third])
    assert smooth([7.0] * 5, 0.9) == pytest.approx([7.0] * 5)
    assert smooth([1.0, 2.0], 0.0) == [1.0, 2.0]


def test_smoothing_does_not_count_what_is_not_finite():
    with_gap, without = smooth([1.0, NAN, INF, 3.0], 0.6), smooth([1.0, 3.0], 0.6)
    assert [with_gap[0], with_gap[3]] == without
    assert math.isnan(with_gap[1])
    assert with_gap[2] == INF


def test_a_schedule_is_never_smoothed():
    run = curves(lived(*[1.0] * 9), RATE)
    rough, smoothed = (text_of(run, tab=RATE, choices=ChartChoices(smoothing=f)) for f in (0.0, 0.9))
    assert rough == smoothed


def test_only_training_is_smoothed_and_only_where_it_is_drawn():
    run = curves(lived(1.0, 4.0, 1.0, 4.0, val=[6.0, 9.0, 6.0, 9.0]))
    rough, smoothed = (text_of(run, choices=ChartChoices(log=False, smoothing=f))[1] for f in (0.0, 0.9))
    assert rough[:5] == smoothed[:5], "validation is above"
    assert rough != smoothed
    assert run.read(2) == (4.0, 9.0)


def test_training_is_a_line_and_validation_separate_marks():
    _, lines = text_of(curves(lived(*[1.0] * 30, val=[2.0] * 30)))
    assert lines[0].count("o") + lines[0].count(BEST) <= 15
    assert all("\u2800" < character <= "\u28ff" for character in lines[-3].strip("┤ │1.0o"))


def test_marks_tell_runs_apart_without_colour_where_there_is_no_validation():
    runs = [curves(lived(*[1.0] * 9, grad_norm=[float(i)] * 9), GRADIENT, mark=m) for i, m in enumerate("xo")]
    _, lines = text_of(*runs, tab=GRADIENT)
    assert "x" in lines[-3]
    assert "o" in lines[0]


def test_the_best_epoch_is_marked():
    drawing, lines = text_of(curves(lived(3.0, 2.0, 1.0, val=[3.0, 1.0, 2.0])))
    (row,) = (line for line in lines if BEST in line)
    assert row.index(BEST) == drawing.column(2)


def test_divergence_is_marked_at_the_top_edge_and_never_a_point():
    good, bad = lived(2.0, 2.0), lived(1.5, 1.6, NAN, outcome="diverged")
    drawing, lines = text_of(curves(good), curves(bad))
    assert drawing.high == 3, "the mark has its place on the axis"
    assert lines[0][drawing.column(3)] == DIVERGED
    assert "".join(lines).count(DIVERGED) == 1


def test_accuracy_is_never_on_a_logarithmic_axis():
    run = curves(lived(1.0, 1.0, train_accuracy=[0.0, 1.0]), ACCURACY)
    assert text_of(run, tab=ACCURACY, choices=ChartChoices(log=True)) == text_of(run, tab=ACCURACY)


def test_a_chart_without_a_value_is_none():
    assert draw_curves([], LOSS, LINEAR, "epoch", 60, 12) is None
    assert draw_curves([curves(lived(NAN, INF))], LOSS, LINEAR, "epoch", 60, 12) is None
    assert draw_curves([curves(lived(0.0, 0.0))], LOSS, ChartChoices(log=True), "epoch", 60, 12) is None


def test_reading_gives_the_nearest_points():
    run = curves(lived(5.0, 4.0, 3.0, val=[6.0, 5.0, 4.0]), axis="step")
    assert run.read(20) == (4.0, 5.0)
    assert run.read(24) == (4.0, 5.0)
    assert run.read(26) == (3.0, 4.0)
    assert run.read(5) == (5.0, 6.0)
    assert curves(lived(5.0)).read(1) == (5.0, None), "no validation data"


def test_reading_beyond_a_curve_gives_nothing():
    run = curves(lived(5.0, 4.0, 3.0), RATE)
    assert run.read(3.4) == (pytest.approx(0.1 / 3),)
    assert run.read(0.6) == (0.1,)
    assert run.read(4) == run.read(3.6) == run.read(0.4) == run.read(0) == (None,)
    assert curves(lived(5.0)).read(2)[0] is None, "a single point reaches nowhere"
    assert curves(lived()).read(1) == (None, None)


def test_the_newest_of_several_evaluations_in_one_epoch_is_read():
    curve = Curve([1, 1, 2, 2, 2, 3], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    assert [curve.near(x) for x in (0.6, 1, 1.4, 1.6, 2, 2.4, 3, 3.5)] == [5, 5, 5, 2, 2, 2, 1, 1]


def test_the_best_value_is_its_own_among_several_in_one_epoch():
    history = History("", change(Experiment(), {"training.steps": 4}))
    for step, loss in enumerate((0.9, 0.5, 0.8, 0.7), 1):
        metrics = {"train_loss": 1.0, "val_loss": loss, "seconds": 1.0}
        history.fold(Measured(run="r", epoch=1, step=step, metrics=metrics))
    run = curves(history)
    assert (run.best, run.best_values, run.judged) == (1, (1.0, 0.5), 0.5)


def test_the_axis_key_goes_round_and_back_to_what_training_is_counted_in():
    for history, first in ((lived(1.0), "epoch"), (lived(1.0, settings={"training.steps": 50}), "step")):
        choices, seen = ChartChoices(), []
        for _ in range(3):
            choices = choices.model_copy(update={"axis": next_axis(choices, [history])})
            seen.append(choices.axis)
        assert seen == [*(axis for axis in ("epoch", "step", "seconds") if axis != first), "auto"]
        assert next_axis(ChartChoices(axis=first), [history]) == seen[0]


def test_choices_survive_being_written_down():
    choices = ChartChoices(metric="lr", log=False, smoothing=0.9, axis="seconds", ascii=True)
    assert ChartChoices.model_validate_json(choices.model_dump_json()) == choices
