import math

from normlab.components.schedules import Schedule
from normlab.core.choice import member


def factors(losses, **settings):
    clock = member(Schedule, "plateau", gamma=0.5, patience=1, **settings).build(100, 10)
    seen = []
    for metrics in losses:
        clock.observe(metrics)
        seen.append(clock.factor(0))
    return seen


def test_validation_loss_is_watched_and_training_loss_where_there_is_none():
    both = [{"train_loss": 1 / t, "val_loss": 1.0} for t in range(1, 4)]
    alone = [{"train_loss": 1.0, "lr": 0.1} for _ in range(3)]
    assert factors(both) == factors(alone) == [1.0, 1.0, 0.5]
    assert factors(both, metric="train_loss") == [1.0, 1.0, 1.0]


def test_a_loss_that_is_not_finite_is_no_progress_and_never_the_best():
    losses = [{"val_loss": value} for value in (-math.inf, math.nan, math.inf, 1.0, 0.9)]
    assert factors(losses) == [1.0, 0.5, 0.5, 0.5, 0.5]


def test_measurements_without_a_loss_are_passed_over():
    assert factors([{"lr": 0.1}] * 5) == [1.0] * 5
