import math

import pytest

from normlab.engine.events import Point
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.views.comparison import compare, spread
from normlab.views.history import History

NAN, INF = math.nan, math.inf


def ran(settings=None, best=(1, 0.5), last=(2, 0.7), outcome="completed", **how):
    """A run as its events would leave it; its points are (epoch, val_loss)."""

    def point(at):
        return at and Point(epoch=at[0], step=10 * at[0], metrics={"val_loss": at[1]})

    experiment = change(Experiment(), settings or {})
    kept = {"num_parameters": 1234, "seconds": 1.5, **how}
    return History("", experiment, outcome=outcome, best=point(best), last=point(last), **kept)


def settings_of(*arms):
    return dict(compare({str(i): [ran(arm)] for i, arm in enumerate(arms)}).settings)


def results_of(*arms):
    return dict(
        compare({str(i): arm if isinstance(arm, list) else [arm] for i, arm in enumerate(arms)}).results
    )


def test_equal_arms_have_no_settings_to_show():
    assert settings_of({}, {}) == {}
    assert settings_of({"seed": 1}, {"seed": 2}) == {}, "seeds are repetitions, no setting"


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
    comparison = compare(
        {
            "a": [ran(best=(3, 0.25), last=(9, 0.75), num_parameters=10, seconds=1.0)],
            "b": [ran(best=(4, 0.5), last=(8, 1.5), num_parameters=12345, seconds=2.0)],
        }
    )
    assert comparison.arms == ["a", "b"]
    assert comparison.results == [
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
