import math
from itertools import groupby

import pytest

from normlab.engine.events import Point
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.views.comparison import compare
from normlab.views.comparison_cells import Cell, spread
from normlab.views.history import History

NAN, INF = math.nan, math.inf


def ran(settings=None, best=(1, 0.5), last=(2, 0.7), outcome="completed", **how):
    """A run as its events would leave it; its points are (epoch, val_loss)."""

    def point(at):
        return at and Point(epoch=at[0], step=10 * at[0], metrics={"val_loss": at[1]})

    experiment = change(Experiment(), settings or {})
    kept = {"num_parameters": 1234, "seconds": 1.5, **how}
    return History("", experiment, outcome=outcome, best=point(best), last=point(last), **kept)


def table(*arms, **how):
    """Compare arms, each a run or several; settings stand for a run with them."""
    runs = [[ran(arm)] if isinstance(arm, dict) else arm if isinstance(arm, list) else [arm] for arm in arms]
    return compare([(str(i), arm) for i, arm in enumerate(runs)], **how)


def texts(rows):
    return {row.name: [cell.text for cell in row.cells] for row in rows}


def settings_of(*arms):
    return texts(table(*arms).settings)


def results_of(*arms):
    return texts(table(*arms).results)


def row_of(name, *arms):
    return next(row.cells for row in table(*arms).results if row.name == name)


def test_equal_arms_have_no_settings_to_show():
    assert settings_of({}, {}) == {}
    twice = [ran({"seed": 1}), ran({"seed": 2})]
    assert settings_of(twice, twice[1:]) == {}, "seeds are repetitions, no setting"


def test_a_seed_tells_single_runs_apart_and_is_no_change():
    assert settings_of({}, {"seed": 1, "optimizer.lr": 0.1}) == {
        "optimizer.lr": ["0.001", "0.1"],
        "seed": ["0", "1"],
    }


def test_only_what_differs_is_shown_and_each_cell_is_the_arm_s_own_value():
    common = {"dataset.kind": "circles", "training.epochs": 7}
    arms = [
        common,
        {**common, "optimizer.lr": 0.25},
        {**common, "training.batch_size": "full"},
        {**common, "optimizer.lr": 0.5},
    ]
    assert settings_of(*arms) == {
        "optimizer.lr": ["0.001", "0.25", "0.001", "0.5"],
        "training.batch_size": ["64", "64", "full", "64"],
    }


def test_a_part_is_shown_by_its_kind_and_settings():
    drop = {"model.dropout.kind": "dropout"}
    assert settings_of({}, {**drop, "model.dropout.p": 0.25}, {"model.norm.kind": "layer"}) == {
        "model.dropout": ["none", "dropout (p = 0.25)", "none"],
        "model.norm": ["none", "none", "layer"],
    }


def test_an_arm_without_a_setting_shows_a_dash():
    drop = {"model.dropout.kind": "dropout"}
    rows = settings_of(drop, {**drop, "model.dropout.p": 0.25}, {})
    assert rows["model.dropout.p"] == ["0.5", "0.25", "–"]
    assert rows["model.dropout"][2] == "none"


def test_more_than_one_change_is_called_confounded():
    rows = settings_of({}, {"optimizer.lr": 0.1}, {"optimizer.lr": 0.1, "model.norm.kind": "layer"})
    assert rows["confounded"] == ["", "", "2 changes"]
    assert list(rows)[-1] == "confounded"
    assert "confounded" not in settings_of({}, {"optimizer.lr": 0.1}, {"model.norm.kind": "layer"})


def test_results_are_those_of_each_arm():
    first = ran(best=(3, 0.25), last=(9, 0.75), num_parameters=10, seconds=1.0)
    second = ran(best=(4, 0.5), last=(8, 1.5), num_parameters=12345, seconds=2.0)
    comparison = compare({"a": [first], "b": [second]}.items())
    assert comparison.arms == ["a", "b"]
    assert list(texts(comparison.results).items()) == [
        ("epoch (best)", ["3", "4"]),
        ("val_loss (best)", ["0.2500", "0.5000"]),
        ("epoch (last)", ["9", "8"]),
        ("val_loss (last)", ["0.7500", "1.5000"]),
        ("parameters", ["10", "12,345"]),
        ("seconds", ["1.00", "2.00"]),
    ]


def test_places_are_counted_in_steps_where_training_is():
    rows = results_of(ran({"training.steps": 50}, best=(3, 0.5), last=(3, 0.5)))
    assert rows["step (best = last)"] == ["30"]


def test_a_run_counted_in_steps_stands_beside_others_in_epochs():
    assert results_of(ran(), ran({"training.steps": 50}))["epoch (best)"] == ["1", "1"]


def test_best_and_last_are_one_where_they_are_the_same_in_every_run():
    same, other = ran(best=(2, 0.5), last=(2, 0.5)), ran()
    assert [name for name in results_of(same) if "(" in name] == [
        "epoch (best = last)",
        "val_loss (best = last)",
    ]
    assert "val_loss (last)" in results_of(same, other)
    assert "val_loss (last)" in results_of([same, other])


def test_several_seeds_give_a_mean_and_a_deviation():
    rows = results_of([ran(last=(2, value)) for value in (1.0, 2.0, 3.0)], ran())
    assert rows["seeds"] == ["3", "1"]
    assert rows["val_loss (last)"] == ["2.0000 ± 1.0000", "0.7000"]
    assert rows["val_loss (best)"] == ["0.5000", "0.5000"]
    assert "seeds" not in results_of(ran(), ran())


def test_a_run_that_diverged_shows():
    rows = results_of(ran(), ran(best=None, last=(1, NAN), outcome="diverged"))
    assert rows["outcome"] == ["completed", "diverged"]
    assert rows["epoch (best)"] == ["1", "–"]
    assert rows["val_loss (best)"] == ["0.5000", "–"]
    assert rows["val_loss (last)"] == ["0.7000", "nan"]


def test_one_diverged_seed_of_several_shows():
    rows = results_of([ran(), ran(best=None, last=(1, INF), outcome="diverged"), ran()])
    assert rows["outcome"] == ["2 completed, 1 diverged"]
    assert rows["val_loss (last)"] == ["0.7000 (1 not finite)"]


def test_runs_that_all_completed_need_no_outcome():
    assert "outcome" not in results_of(ran(), ran())
    assert results_of(ran(), ran(outcome="early_stopped"))["outcome"] == ["completed", "early_stopped"]


def test_a_run_without_any_evaluation_is_shown():
    rows = results_of(ran(best=None, last=None, outcome="oom"))
    assert rows["outcome"] == ["oom"]
    assert rows["parameters"] == ["1,234"]


def test_a_run_that_has_not_ended_says_how_it_stands():
    rows = results_of(
        ran(outcome=None, device="cpu"), ran(best=None, last=None, outcome=None, num_parameters=0)
    )
    assert rows["outcome"] == ["running", "not started"]
    assert rows["parameters"] == ["1,234", "–"]


def test_settings_that_are_not_the_baseline_s_are_flagged():
    comparison = table({}, {"optimizer.lr": 0.1}, {"model.norm.kind": "layer"})
    assert {row.name: [cell.differs for cell in row.cells] for row in comparison.settings} == {
        "optimizer.lr": [False, True, False],
        "model.norm": [False, False, True],
    }


def test_all_settings_are_shown_only_when_asked_for_and_none_of_them_twice():
    arms = {}, {"optimizer.lr": 0.1}, {"model.norm.kind": "layer"}
    assert table(*arms).other_settings == []
    comparison = table(*arms, all_settings=True)
    rows = texts(comparison.other_settings)
    assert rows["training.batch_size"] == ["64", "64", "64"]
    assert rows["dataset.kind"] == ["digits"] * 3
    assert rows["seed"] == ["0", "0", "0"]
    assert "optimizer.lr" not in rows
    assert "model.norm.kind" not in rows
    assert len(rows) == len(comparison.other_settings)


def test_defaults_that_come_with_another_kind_are_told_among_all_settings():
    cells = next(
        row.cells
        for row in table({}, {"optimizer.kind": "sgd"}, all_settings=True).other_settings
        if row.name == "optimizer.momentum"
    )
    assert cells[0].text == "–"
    assert [cell.differs for cell in cells] == [False, True]


def test_settings_of_one_record_stand_together():
    arms = {}, {"model.norm.kind": "layer"}, {"model.norm.kind": "batch"}
    names = [row.name.rpartition(".")[0] for row in table(*arms, all_settings=True).other_settings]
    assert len([name for name, _ in groupby(names)]) == len(set(names))


def test_differences_are_to_the_baseline_and_signed():
    runs = [ran(last=(2, value)) for value in (0.1019, 0.0990, 0.1019, 0.20, 0.10191)]
    cells = row_of("val_loss (last)", *runs)
    assert [str(cell) for cell in cells] == [
        "0.1019",
        "0.0990 (-0.0029)",
        "0.1019 (=)",
        "0.2000 (+0.0981)",
        "0.1019 (+1.00e-05)",
    ]
    sizes = row_of("parameters", ran(num_parameters=1000), ran(num_parameters=3500))
    assert str(sizes[1]) == "3,500 (+2,500)"
    assert str(row_of("seconds", ran(), ran(seconds=9.0))[1]) == "9.00 (+7.50)"
    assert str(row_of("epoch (best)", ran(), ran(best=(4, 0.1)))[1]) == "4 (+3)"


@pytest.mark.parametrize(
    ("form", "difference", "told"),
    [
        (".0f", -0.5, "-0.5"),
        (".0f", -1.5, "-2"),
        (".2f", 0.003, "+0.003"),
        (".2f", 250_000.0, "+250000.00"),
        (",.0f", -250_000.0, "-250,000"),
        (".4f", 0.00002, "+2.00e-05"),
        (".4f", 250_000.0, "+2.50e+05"),
    ],
)
def test_only_losses_differ_with_an_exponent(form, difference, told):
    assert Cell("x", difference=difference, form=form).difference_text == told


def test_the_difference_of_several_seeds_is_that_of_their_means():
    cells = row_of("val_loss (last)", [ran(last=(2, 1.0)), ran(last=(2, 3.0))], [ran(last=(2, 1.5))])
    assert cells[1].difference == pytest.approx(-0.5)
    assert cells[1].is_best


def seeds(*values, first=0, **settings):
    """Runs with a seed each, that end at these losses."""
    return [ran({"seed": first + at, **settings}, last=(2, value)) for at, value in enumerate(values)]


def test_the_difference_of_arms_is_taken_seed_by_seed():
    baseline, other = seeds(1.0, 2.0, 6.0), seeds(1.5, 1.0, first=1, **{"optimizer.lr": 0.1})
    cells = row_of("val_loss (last)", baseline, other)
    assert cells[0].difference is None
    assert cells[1].difference == pytest.approx(((1.5 - 2.0) + (1.0 - 6.0)) / 2)


def test_seeds_that_the_baseline_lacks_are_told_and_not_compared():
    comparison = table(seeds(1.0, 2.0), seeds(1.0, 2.0, first=1), seeds(1.0, 2.0, first=5))
    assert comparison.not_compared == ["", "1 of 2 seeds differ", "seed differs"]
    cells = row_of("val_loss (last)", seeds(1.0, 2.0), seeds(1.0, 2.0, first=1), seeds(1.0, first=5))
    assert [cell.difference for cell in cells] == [None, -1.0, None]


def test_single_runs_are_compared_with_the_baseline_of_their_seed():
    baseline, changed = seeds(1.0, 2.0), seeds(1.5, 1.0, **{"optimizer.lr": 0.1})
    runs = [baseline[0], changed[0], baseline[1], changed[1]]
    comparison = compare([(str(at), [run]) for at, run in enumerate(runs)], repeats=baseline)
    assert comparison.not_compared == [""] * 4
    row = next(row for row in comparison.results if row.name == "val_loss (last)")
    assert [cell.difference for cell in row.cells] == [None, 0.5, None, -1.0]
    assert [cell.is_best for cell in row.cells] == [True, False, False, True], "the best of each seed"


def test_a_repeat_with_the_baseline_s_seed_is_not_what_runs_are_compared_with():
    (run,), (again,), (other,) = seeds(1.0), seeds(3.0), seeds(4.0)
    comparison = compare([("a", [run]), ("b", [other])], repeats=[again])
    assert next(row for row in comparison.results if row.name == "val_loss (last)").cells[1].difference == 3.0


def test_means_over_other_seeds_are_no_rivals():
    cells = row_of("val_loss (last)", seeds(1.0, 2.0), seeds(0.5))
    assert cells[1].difference == -0.5
    assert not any(cell.is_best for cell in cells)


def test_metrics_beside_the_scores_have_differences_and_no_best():
    def measured(grad_norm, lr, speed):
        point = Point(epoch=1, step=1, metrics={"val_loss": 0.5, "grad_norm": grad_norm, "lr": lr})
        return History("", Experiment(), best=point, last=point, samples_per_second=speed)

    found = {row.name: row.cells for row in table(measured(2.0, 0.1, 9e3), measured(1.5, 0.2, 1e4)).results}
    assert str(found["grad_norm (best = last)"][1]) == "1.5000 (-0.5000)"
    assert str(found["lr (best = last)"][1]) == "0.2000 (+0.1000)"
    assert str(found["samples_per_second"][1]) == "10,000 (+1,000)"
    assert not any(cell.is_best for cells in found.values() for cell in cells)


def test_arms_with_one_name_can_be_told_apart():
    assert compare([("a", [ran()]), ("a", [ran()]), ("a (2)", [ran()])]).arms == ["a", "a (2)", "a (2) (2)"]


@pytest.mark.parametrize(
    ("metric", "values", "best"),
    [
        ("val_loss", (0.3, 0.2, 0.4), [1]),
        ("val_accuracy", (0.3, 0.2, 0.4), [2]),
        ("val_rmse", (0.2, 0.2, 0.4), [0, 1]),
        ("val_loss", (NAN, 0.2, 0.4), [1]),
        ("val_loss", (NAN, 0.2, INF), []),
        ("val_loss", (0.2, 0.2, 0.2), []),
        ("val_loss", (0.2,), []),
    ],
)
def test_the_best_of_a_row_follows_the_metric_s_direction(metric, values, best):
    points = [Point(epoch=1, step=1, metrics={metric: value}) for value in values]
    runs = [History("", Experiment(), best=point, last=point) for point in points]
    cells = row_of(f"{metric} (best = last)", *runs)
    assert [i for i, cell in enumerate(cells) if cell.is_best] == best


def test_what_is_no_metric_has_no_best():
    for name in ("seconds", "parameters", "epoch (last)"):
        cells = row_of(name, ran(), ran(last=(1, 0.5), seconds=0.5, num_parameters=1))
        assert not any(cell.is_best for cell in cells)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"dataset.kind": "circles"}, "dataset differs"),
        ({"dataset.val_fraction": 0.5}, "dataset.val_fraction differs"),
        ({"dataset.train_samples": 100}, "dataset.train_samples differs"),
        ({"seed": 1}, "seed differs"),
        ({"loss.label_smoothing": 0.1}, "loss differs"),
        ({"dataset.standardize": "feature"}, ""),
        ({"dataset.label_noise": 0.2}, ""),
        ({"model.norm.kind": "layer"}, ""),
    ],
)
def test_a_metric_that_measures_something_else_is_not_compared(settings, reason):
    other = ran(settings, best=(1, 0.1), last=(2, 0.1))
    comparison = table(ran(), ran(last=(2, 0.6)), other)
    assert comparison.not_compared == ["", "", reason]
    cells = row_of("val_loss (last)", ran(), ran(last=(2, 0.6)), other)
    assert cells[1].difference is not None
    assert (cells[2].difference is None) == bool(reason)
    assert [cell.is_best for cell in cells] == ([False, True, False] if reason else [False, False, True])


def test_accuracies_under_another_loss_and_validation_under_noisy_labels_are_compared():
    point = Point(epoch=1, step=1, metrics=dict.fromkeys(("train_loss", "val_loss", "val_accuracy"), 0.5))
    for settings, reason, names in (
        ({"loss.label_smoothing": 0.1}, "loss differs", {"val_accuracy"}),
        ({"dataset.label_noise": 0.1}, "dataset.label_noise differs", {"val_loss", "val_accuracy"}),
    ):
        other = change(Experiment(), settings)
        runs = [History("", experiment, best=point, last=point) for experiment in (Experiment(), other)]
        comparison = table(*runs)
        assert comparison.not_compared == ["", reason]
        results = {row.name.split()[0]: row.cells[1] for row in comparison.results}
        compared = {name for name in point.metrics if results[name].difference is not None}
        assert compared == names


def test_sections_say_why_runs_are_not_compared_and_leave_out_what_is_empty():
    assert [row.name for row in table({}, {"seed": 1}).sections[0]] == ["seed", "not compared"]
    assert len(table({}, {}).sections) == 1
    assert len(table({}, {"optimizer.lr": 1.0}, all_settings=True).sections) == 3


@pytest.mark.parametrize(
    ("values", "form", "text"),
    [
        ([], ".4f", "–"),
        ([0.0], ".4f", "0.0000"),
        ([0.5], ".2f", "0.50"),
        ([0.5, 0.5], ".2f", "0.50"),
        ([1.0, 3.0], ".1f", "2.0 ± 1.4"),
        ([2.5e-5], ".4f", "2.50e-05"),
        ([-2.5e-5], ".4f", "-2.50e-05"),
        ([1e-3], ".4f", "0.0010"),
        ([3e7], ".4f", "3.00e+07"),
        ([1e7], ".0f", "10000000"),
        ([NAN], ".4f", "nan"),
        ([-INF], ".4f", "-inf"),
        ([NAN, 1.0, 3.0], ".1f", "2.0 ± 1.4 (1 not finite)"),
        ([NAN, INF], ".1f", "2 not finite"),
    ],
)
def test_a_spread_is_short_and_hides_nothing(values, form, text):
    assert spread(values, form) == text


def test_best_epochs_that_another_metric_picked_are_not_ranked():
    other = {"training.best_metric": "train_loss"}
    shown = table(ran(), ran(other))
    assert shown.not_compared == ["", "training.best_metric differs"]
    best, last = (
        next(row.cells for row in shown.results if row.name == f"val_loss ({at})") for at in ("best", "last")
    )
    assert best[1].difference is None
    assert last[1].difference is not None
    same = table(ran(best=(2, 0.7)), ran(other, best=(2, 0.7)))
    assert same.not_compared == ["", ""], "whichever metric picked it, it is the last"
