"""Where schedules end, and what comes after."""

from typing import Annotated

import pytest

from normlab.components.schedules import Schedule
from normlab.core.choice import OneOf, Record, member
from normlab.core.errors import ConfigError
from normlab.core.parsing import parse


class Holder(Record, frozen=True):
    schedule: Annotated[Schedule, OneOf()]


@pytest.mark.parametrize("kind", ["linear", "polynomial", "cosine"])
def test_the_final_factor_comes_just_after_the_last_step_and_stays(kind):
    clock = member(Schedule, kind, final=0.25).build(10, 5)
    assert clock.factor(9) > 0.25
    assert [clock.factor(step) for step in (10, 11, 1000)] == [0.25] * 3


@pytest.mark.parametrize("anneal", ["cosine", "linear"])
def test_one_cycle_ends_on_the_last_step_and_stays(anneal):
    clock = member(Schedule, "one_cycle", div_factor=10, final_div_factor=100, anneal=anneal).build(20, 5)
    assert [clock.factor(step) for step in (0, 5, 19, 20, 99)] == pytest.approx([0.1, 1, 1e-3, 1e-3, 1e-3])


@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_one_cycle_of_very_few_steps_begins_at_its_peak(num_steps):
    assert member(Schedule, "one_cycle").build(num_steps, 1).factor(0) == 1


def test_an_epoch_cut_short_counts_as_one():
    clock = member(Schedule, "linear", per="epoch").build(25, 10)
    assert [clock.factor(step) for step in (0, 9, 10, 20, 24)] == pytest.approx([1, 1, 2 / 3, 1 / 3, 1 / 3])


def test_a_warm_up_within_an_epoch_does_not_shift_epochs():
    clock = member(Schedule, "step", size=1, gamma=0.5, warmup_steps=4).build(30, 10)
    assert [clock.factor(step) for step in (4, 9, 10, 19, 20)] == [1, 1, 0.5, 0.5, 0.25]


def test_milestones_must_rise():
    with pytest.raises(ConfigError) as caught:
        parse(Holder, {"schedule": {"kind": "multi_step", "milestones": [20, 10, 10]}})
    assert str(caught.value) == "schedule.milestones: [20, 10, 10]: must rise; use [10, 20]"
