"""A study's tables: means with intervals, medians where runs failed, differences pair by pair."""

import math
import statistics

import pytest
from support.kept import keep

from normlab.lab.presets import Preset
from normlab.store.planning import keep_study
from normlab.store.store import open_store
from normlab.views.board import recall_board
from normlab.views.study_table import (
    DifferenceRow,
    Measure,
    arm_rows,
    difference_rows,
    measure_of,
    measures,
    show,
    table_notes,
)

ARM = {"model.norm.kind": "batch"}


def claim(**fields):
    return {"text": "x", "arm": "batch norm", "metric": "val_loss", "direction": "lower", **fields}


def board(seeds=6, claims=(), grid=None, arms=None):
    fields = {
        "title": "x", "experiment": {"training": {"epochs": 3}}, "claims": list(claims),
        "arms": arms or [{"name": "batch norm", "set": ARM}], "study": {"seeds": seeds, "grid": grid or {}},
    }  # fmt: skip
    return recall_board(keep_study(open_store(), Preset.model_validate(fields), "cpu"), open_store())


def make(seeds=6, broken=(), outcome="diverged"):
    for seed in range(seeds):
        keep({"seed": seed}, outcome=outcome if seed in broken else None)
        keep({"seed": seed, **ARM})


def of(row, metric):
    return next(summary for summary in row.summaries if summary.measure.metric == metric)


def test_a_mean_has_the_t_interval_of_its_values():
    make()
    base, arm = arm_rows(board())
    summary = of(base, "val_loss")
    values = list(summary.values.values())
    assert summary.mean == pytest.approx(statistics.fmean(values))
    half = 2.570582 * statistics.stdev(values) / math.sqrt(6)  # t of 5 degrees of freedom at 97.5 %
    assert summary.half_width == pytest.approx(half, rel=1e-6)
    assert summary.median == pytest.approx(statistics.median(values))
    assert summary.text == f"{summary.mean:.4f} ± {half:.4f}"
    assert (base.name, base.num_ended, base.num_failed) == ("baseline", 6, 0)
    assert of(arm, "val_loss").mean < summary.mean


def test_where_a_run_failed_there_is_a_median_and_no_mean():
    make(broken=[0, 1])
    row = arm_rows(board())[0]
    summary = of(row, "val_loss")
    assert row.num_failed == summary.num_failed == 2
    assert summary.mean is summary.half_width is None
    rest = sorted(value for seed, value in summary.values.items() if seed > 1)
    assert summary.median == pytest.approx((rest[2] + rest[3]) / 2), "the failed ones stand last"
    assert summary.text.startswith("median 1.")
    assert summary.text.endswith("(2 of 6 without)")


def test_where_most_runs_failed_there_is_not_even_a_median():
    make(broken=range(4), outcome="failed")
    assert of(arm_rows(board())[0], "val_loss").text == "none (4 of 6 without)"


def test_a_run_that_is_still_to_be_made_is_not_counted():
    make(seeds=2)
    rows = arm_rows(board())
    assert [row.num_ended for row in rows] == [2, 2]


def test_measures_begin_with_those_of_the_claims_each_once():
    make(seeds=1)
    target = {"val_accuracy": 0.3}
    found = measures(
        board(
            claims=[
                claim(metric="epochs_to", target=target),
                claim(metric="epochs_to", target=target),
                claim(metric="train_loss", at="last"),
                claim(metric="val_loss"),
            ]
        )
    )
    assert [each.label for each in found] == [
        "epochs to val_accuracy ≥ 0.3", "train_loss (last)", "val_loss", "val_accuracy", "train_loss", "seconds",
    ]  # fmt: skip


@pytest.mark.parametrize(("goal", "text"), [(0.3, "6 of 6"), (0.9, "0 of 6")])
def test_shares_of_runs_are_counts(goal, text):
    make()
    claims = [claim(metric="reached", target={"val_accuracy": goal}, direction="higher")]
    assert arm_rows(board(claims=claims))[0].summaries[0].text == text


def test_epochs_to_a_target_that_some_never_reach_have_a_median():
    make()
    claims = [claim(metric="epochs_to", target={"val_loss": 1.2})]
    base, arm = arm_rows(board(claims=claims))
    assert base.summaries[0].text == "3.0 ± 0.0"
    assert arm.summaries[0].text == "2.0 ± 0.0"


def test_differences_are_ratios_of_losses_and_differences_of_accuracies():
    make()
    rows = {row.measure.metric: row for row in difference_rows(board())}
    assert list(rows) == ["val_accuracy", "val_loss"]
    loss, accuracy = rows["val_loss"], rows["val_accuracy"]
    assert (loss.scale, accuracy.scale) == ("ratio", "difference")
    assert loss.effect == pytest.approx(0.578, abs=1e-3)
    assert loss.interval[0] < loss.effect < loss.interval[1] < 1
    assert (loss.num_pairs, loss.wins, accuracy.wins) == (6, 6, 6)
    assert loss.text == "× 0.578 [0.571, 0.585]"
    assert accuracy.text == "+0.1651", "all six are the same: an interval without width would say too much"
    assert (loss.cell.name, loss.against.name) == ("batch norm", "baseline")


def test_a_difference_is_to_the_baseline_at_the_same_place_of_the_grid():
    for rate in (0.1, 0.2):
        for settings in ({}, ARM):
            keep({"optimizer.lr": rate, **settings})
    rows = difference_rows(board(seeds=1, grid={"optimizer.lr": [0.1, 0.2]}))
    assert {(row.cell.name, row.against.name) for row in rows} == {
        ("batch norm · lr = 0.1", "baseline · lr = 0.1"),
        ("batch norm · lr = 0.2", "baseline · lr = 0.2"),
    }
    assert all(row.interval is None for row in rows), "one pair has none"


def test_against_runs_that_failed_there_is_no_effect_but_who_is_better():
    make(broken=range(6))
    for row in difference_rows(board()):
        assert row.wins == 6
        assert row.effect is row.interval is row.bound is None
        assert row.text == "none: failed runs"


@pytest.mark.parametrize(
    ("effect", "interval", "text"),
    [(0.5, (0.4, 0.6), "× 0.5 [0.4, 0.6]"), (0.5, (0.0, 0.6), "× 0.5 [0, 0.6]"), (0.5, None, "× 0.5"),
     (0.5, (0.50001, 0.50002), "× 0.5"), (0.5, (0.4, math.inf), "× 0.5 [0.4, ∞]")],
)  # fmt: skip
def test_an_interval_is_written_where_it_tells_something(effect, interval, text):
    cell = board().cells[0]
    row = DifferenceRow(cell, cell, Measure("val_loss"), "ratio", effect, None, interval, 6, 6)
    assert row.text == text


def test_what_is_claimed_is_not_explored_too():
    make()
    rows = [row.measure.label for row in difference_rows(board(claims=[claim(), claim(metric="train_loss")]))]
    assert rows == ["val_accuracy"]
    against_arm = claim(arm="baseline", against="batch norm")
    assert [row.measure.label for row in difference_rows(board(claims=[against_arm]))] == ["val_accuracy"]
    last = [row.measure.label for row in difference_rows(board(claims=[claim(at="last")]))]
    assert last == ["val_accuracy", "val_loss"], "at its last epoch it is another comparison"


def test_a_claim_at_one_place_leaves_the_others_to_explore():
    for rate in (0.1, 0.2):
        for settings in ({}, ARM):
            keep({"optimizer.lr": rate, **settings})
    grid = {"optimizer.lr": [0.1, 0.2]}

    def explored(**fields):
        rows = difference_rows(board(seeds=1, grid=grid, claims=[claim(**fields)]))
        return [row.cell.name for row in rows if row.measure.metric == "val_loss"]

    assert explored(where={"optimizer.lr": 0.1}) == ["batch norm · lr = 0.2"]
    assert len(explored()) == 2, "the mean over both is claimed, neither of them"


def test_losses_of_another_kind_are_not_compared():
    arm = {"loss.label_smoothing": 0.1}
    keep({})
    keep(arm)
    rows = difference_rows(board(seeds=1, arms=[{"name": "smooth", "set": arm}]))
    assert [row.measure.metric for row in rows] == ["val_accuracy"]


def test_a_table_says_what_its_numbers_are():
    make()
    found = board()
    assert table_notes(found, arm_rows(found)) == [
        "mean ± half of its 95 % interval",
        "metrics are those of the evaluation with the best val_loss",
    ]
    last = board(claims=[claim(at="last")])
    assert table_notes(last, arm_rows(last))[-1].endswith("with the best val_loss, but for (last)")
    make(broken=[0])
    chosen = board(arms=[{"name": "batch norm", "set": {**ARM, "training.best_metric": "val_accuracy"}}])
    assert "with its run's best value" in table_notes(chosen, arm_rows(chosen))[-1]


def test_without_runs_there_are_no_differences():
    assert difference_rows(board()) == []
    assert [row.num_ended for row in arm_rows(board())] == [0, 0]


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (0.12345, "val_loss", "0.1235"),
        (1.2e-5, "val_loss", "1.20e-05"),
        (1e9, "val_loss", "1.00e+09"),
        (0.0, "val_loss", "0.0000"),
        (12.0, "epochs_to", "12.0"),
        (12345.6, "steps_to", "12,346"),
        (1.234, "seconds", "1.23"),
    ],
)
def test_numbers_are_as_long_as_they_need(value, metric, text):
    assert show(value, Measure(metric)) == text


def test_a_claim_is_measured_where_it_says():
    preset = board(claims=[claim(at="last"), claim(metric="diverged", at="last")]).preset
    assert [measure_of(each).label for each in preset.claims] == ["val_loss (last)", "diverged"]
