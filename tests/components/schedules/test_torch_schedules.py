"""Each schedule against torch's own, step by step, where the two are defined alike."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from normlab.components.schedules import Schedule
from normlab.core.choice import member, members

LR = 0.3

CASES = [
    ("constant", {}, lambda o: lr_scheduler.ConstantLR(o, factor=1.0), 50),
    ("step", {"size": 7, "gamma": 0.5}, lambda o: lr_scheduler.StepLR(o, 7, 0.5), 50),
    ("multi_step", {"milestones": (3, 4, 20)}, lambda o: lr_scheduler.MultiStepLR(o, [3, 4, 20], 0.1), 50),
    ("exponential", {"gamma": 0.9}, lambda o: lr_scheduler.ExponentialLR(o, 0.9), 50),
    ("linear", {}, lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, total_iters=50), 49),
    (
        "linear",
        {"start": 0.2, "final": 0.7},
        lambda o: lr_scheduler.LinearLR(o, 0.2, 0.7, total_iters=50),
        60,
    ),
    ("polynomial", {"power": 3.0}, lambda o: lr_scheduler.PolynomialLR(o, 50, 3.0), 60),
    ("cosine", {}, lambda o: lr_scheduler.CosineAnnealingLR(o, 50), 50),
    ("cosine", {"final": 0.1}, lambda o: lr_scheduler.CosineAnnealingLR(o, 50, 0.1 * LR), 51),
    (
        "warm_restarts",
        {"first_period": 5, "multiplier": 1, "final": 0.1},
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 1, 0.1 * LR),
        60,
    ),
    (
        "warm_restarts",
        {"first_period": 4, "multiplier": 3},
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 4, 3),
        200,
    ),
    ("one_cycle", {}, lambda o: lr_scheduler.OneCycleLR(o, LR, 50, cycle_momentum=False), 50),
    (
        "one_cycle",
        {"peak_at": 0.45, "div_factor": 5, "final_div_factor": 30, "anneal": "linear"},
        lambda o: lr_scheduler.OneCycleLR(
            o,
            LR,
            50,
            pct_start=0.45,
            anneal_strategy="linear",
            div_factor=5,
            final_div_factor=30,
            cycle_momentum=False,
        ),
        50,
    ),
    (
        "cyclic",
        {"half_cycle": 6, "lowest": 0.2},
        lambda o: lr_scheduler.CyclicLR(o, 0.2 * LR, LR, 6, cycle_momentum=False),
        50,
    ),
    (
        "cyclic",
        {"half_cycle": 6, "lowest": 0.2, "shape": "triangular2"},
        lambda o: lr_scheduler.CyclicLR(o, 0.2 * LR, LR, 6, mode="triangular2", cycle_momentum=False),
        50,
    ),
    (
        "cyclic",
        {"half_cycle": 6, "lowest": 0.2, "shape": "exp_range", "gamma": 0.95},
        lambda o: lr_scheduler.CyclicLR(
            o, 0.2 * LR, LR, 6, mode="exp_range", gamma=0.95, cycle_momentum=False
        ),
        50,
    ),
]


def optimizer():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)


def rates(make, num_steps):
    """The rate of each step under torch's scheduler."""
    sgd = optimizer()
    scheduler = make(sgd)
    seen = []
    for _ in range(num_steps):
        seen.append(sgd.param_groups[0]["lr"])
        sgd.step()
        scheduler.step()
    return seen


def test_every_schedule_is_compared():
    assert {kind for kind, *_ in CASES} | {"plateau"} == set(members(Schedule))


@pytest.mark.parametrize(("kind", "chosen", "theirs", "num_steps"), CASES)
def test_every_schedule_follows_torchs_curve(kind, chosen, theirs, num_steps):
    schedule = member(Schedule, kind, **chosen)
    ours = [LR * schedule.factor(step, 50) for step in range(num_steps)]
    assert ours == pytest.approx(rates(theirs, num_steps), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("kind", "chosen", "theirs", "num_epochs"),
    [case for case in CASES if case[0] in ("step", "multi_step", "exponential", "warm_restarts")],
)
def test_a_schedule_per_epoch_is_torchs_moved_after_each_epoch(kind, chosen, theirs, num_epochs):
    clock = member(Schedule, kind, **chosen).build(num_epochs * 3, 3)
    ours = [LR * clock.factor(step) for step in range(num_epochs * 3)]
    held = [rate for rate in rates(theirs, num_epochs) for _ in range(3)]
    assert ours == pytest.approx(held, rel=1e-12, abs=0)


# Where a schedule starts below lr, torch climbs to lr and falls back; ours climbs to the start.
@pytest.mark.parametrize(
    ("kind", "chosen", "theirs", "num_steps"), [case for case in CASES[:9] if "start" not in case[1]]
)
def test_a_warm_up_is_torchs_linear_climb_put_before(kind, chosen, theirs, num_steps):
    chosen = chosen | ({"per": "step"} if "per" in members(Schedule)[kind].model_fields else {})
    clock = member(Schedule, kind, warmup_steps=9, warmup_start=0.1, **chosen).build(59, 10)

    def climb_then_move(sgd):
        parts = [lr_scheduler.LinearLR(sgd, 0.1, total_iters=9), theirs(sgd)]
        return lr_scheduler.SequentialLR(sgd, parts, milestones=[9])

    ours = [LR * clock.factor(step) for step in range(num_steps)]
    assert ours == pytest.approx(rates(climb_then_move, num_steps), rel=1e-12, abs=0)


@settings(deadline=None)
@given(
    losses=st.lists(st.floats(0, 2) | st.sampled_from([math.nan, math.inf]), max_size=40),
    patience=st.integers(0, 3),
    cooldown=st.integers(0, 3),
    threshold=st.sampled_from([0.0, 1e-4, 0.3]),
)
def test_plateau_makes_the_drops_that_torchs_makes(losses, patience, cooldown, threshold):
    rules = {"patience": patience, "cooldown": cooldown, "threshold": threshold}
    clock = member(Schedule, "plateau", gamma=0.5, lowest=0.1, **rules).build(100, 10)
    sgd = optimizer()
    theirs = lr_scheduler.ReduceLROnPlateau(sgd, factor=0.5, min_lr=0.1 * LR, eps=0.0, **rules)
    for step, loss in enumerate(losses):
        assert LR * clock.factor(step) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-12)
        clock.observe({"val_loss": loss})
        theirs.step(loss)
    assert LR * clock.factor(len(losses)) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-12)
