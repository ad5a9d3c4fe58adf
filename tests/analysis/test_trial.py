import math

import pytest

from normlab.analysis.trial import Failed, read

TARGET = ("val_loss", 0.2)


def test_a_metric_is_read_at_the_best_or_the_last_epoch(trial):
    run = trial(metrics={"val_loss": [0.5, 0.2, 0.3]})
    run = trial(metrics={"val_loss": [0.5, 0.2, 0.3]}, best=run.points[1])
    assert (read(run, "val_loss"), read(run, "val_loss", "last")) == (0.2, 0.3)


def test_what_was_not_measured_is_no_failure(trial):
    run = trial(metrics={"train_loss": 0.5})
    assert read(run, "val_loss") is None
    assert read(run, "epochs_to", target=TARGET) is None
    assert read(run, "samples_per_second") is None


@pytest.mark.parametrize("outcome", ["diverged", "oom", "failed"])
def test_a_run_that_failed_has_failed_in_every_metric_whatever_it_had_reached(trial, outcome):
    run = trial(outcome=outcome, metrics={"val_loss": [0.5, 0.1, 0.3]}, samples_per_second=9.0)
    for metric in ("val_loss", "seconds", "samples_per_second"):
        assert read(run, metric) == Failed()
    assert read(run, "epochs_to", target=TARGET) == Failed(3)
    assert read(run, "reached", target=TARGET) == 0
    early = trial(outcome=outcome, metrics={"train_loss": 0.1})
    assert read(early, "reached", target=TARGET) == 0, "what it never measured it has not reached"


def test_only_a_divergence_is_one(trial):
    assert read(trial(), "diverged") == 0
    assert read(trial(outcome="diverged"), "diverged") == 1
    assert read(trial(outcome="oom"), "diverged") is None, "it broke off before it could be told"
    assert read(trial(metrics={"train_loss": [0.1, math.nan]}), "diverged") == 1, (
        "told to go on, it completes"
    )


def test_a_value_that_is_no_number_is_a_failure(trial):
    assert read(trial(metrics={"val_loss": [0.1, math.inf]}), "val_loss", "last") == Failed()
    assert read(trial(metrics={"val_loss": math.nan}, best=None), "val_loss") == Failed()


@pytest.mark.parametrize(("metric", "first"), [("epochs_to", 2), ("steps_to", 20), ("reached", 1)])
def test_a_target_is_reached_where_it_is_met_first(trial, metric, first):
    assert read(trial(metrics={"val_loss": [0.5, 0.2, 0.3]}), metric, target=TARGET) == first
    assert (
        read(trial(metrics={"val_accuracy": [0.5, 0.9, 0.8]}), metric, target=("val_accuracy", 0.9)) == first
    )


@pytest.mark.parametrize("outcome", ["completed", "early_stopped"])
def test_a_run_that_never_reaches_had_until_its_last_evaluation(trial, outcome):
    run = trial(outcome=outcome, metrics={"val_loss": [0.5, math.nan, 0.3]})
    assert read(run, "epochs_to", target=TARGET) == Failed(3)
    assert read(run, "steps_to", target=TARGET) == Failed(30)
    assert read(run, "reached", target=TARGET) == 0


def test_a_run_without_an_evaluation_never_reaches(trial):
    assert read(trial(outcome="diverged", metrics={}), "epochs_to", target=TARGET) == Failed(0)


def test_stopped_runs_are_not_at_their_end(trial):
    assert [
        o for o in ("completed", "stopped", "interrupted", "diverged") if trial(outcome=o).is_complete
    ] == [
        "completed",
        "diverged",
    ]


@pytest.mark.parametrize(
    ("accuracy", "classes", "samples", "is_chance"),
    [(0.58, 2, 100, True), (0.59, 2, 100, False), (0.51, 2, 10_000, False), (0.11, 10, 540, True), (0.13, 10, 540, False),
     (0.5, 2, 0, True), (0.1, 0, 100, False)],
)  # fmt: skip
def test_chance_is_what_guessing_may_reach(trial, accuracy, classes, samples, is_chance):
    run = trial(metrics={"val_accuracy": accuracy}, num_classes=classes, num_val=samples)
    assert run.is_at_chance() == is_chance
