"""What holds for every schedule; a new member is covered with no edit."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normlab.components.schedules import Schedule
from normlab.core.choice import member, members
from normlab.core.fields import describe

KINDS = list(members(Schedule))


def values(field):
    """Draw what a field allows."""
    match field.type:
        case "choice":
            return st.sampled_from(field.choices)
        case "integer":
            # Small numbers are the ones that interact with a short training.
            return st.integers(field.minimum, 20) | st.integers(field.minimum, field.maximum)
        case "number":
            return st.floats(
                field.minimum, field.maximum, exclude_min=field.open_minimum, exclude_max=field.open_maximum
            )
        case "list":
            rising = st.lists(values(field.item), min_size=1, max_size=5, unique=True).map(sorted)
            return rising.map(tuple)


def schedules(kind):
    part = members(Schedule)[kind]
    drawn = {name: values(field) for name, field in describe(part).items() if name != "kind"}
    return st.builds(part, **drawn)


times = st.integers(0, 50) | st.integers(0, 10**9)
metrics = st.floats() | st.floats(0, 10)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=50)
@given(data=st.data(), time=times, length=times)
def test_factors_lie_between_0_and_1_at_any_time_beyond_the_end_too(kind, data, time, length):
    factor = data.draw(schedules(kind)).factor(time, max(1, length))
    assert 0 <= factor <= 1 + 1e-12


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=50)
@given(
    data=st.data(),
    steps=st.lists(times, min_size=1, max_size=10),
    num_steps=times,
    per_epoch=st.integers(1, 100),
    seen=st.lists(metrics, max_size=10),
)
def test_a_clocks_factors_lie_between_0_and_1(kind, data, steps, num_steps, per_epoch, seen):
    clock = data.draw(schedules(kind)).build(num_steps, per_epoch)
    for value in seen:
        clock.observe({"val_loss": value})
    assert all(0 <= clock.factor(step) <= 1 + 1e-12 for step in steps)


@pytest.mark.parametrize("kind", KINDS)
def test_the_warm_up_climbs_linearly_to_where_the_schedule_begins(kind):
    bare, warm = (member(Schedule, kind, warmup_steps=steps, warmup_start=0.2) for steps in (0, 10))
    clock, begin = warm.build(110, 10), bare.build(100, 10).factor(0)
    assert [clock.factor(step) for step in (0, 5, 10)] == pytest.approx([0.2 * begin, 0.6 * begin, begin])


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_a_warm_up_of_whole_epochs_is_the_schedule_alone(kind):
    bare, warm = (member(Schedule, kind, warmup_steps=steps) for steps in (0, 20))
    alone, after = bare.build(100, 10), warm.build(120, 10)
    assert [after.factor(20 + step) for step in range(120)] == [alone.factor(step) for step in range(120)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_holds_within_an_epoch_unless_it_moves_per_step(kind):
    schedule = member(Schedule, kind, warmup_steps=3)
    factors = [schedule.build(100, 10).factor(step) for step in range(3, 100)]
    changes = {step for step in range(4, 100) if factors[step - 3] != factors[step - 4]}
    assert schedule.moves_per == "step" or all(step % 10 == 0 for step in changes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_clock_goes_on_where_it_stood(kind):
    losses = [1.0, 0.5] + [0.6] * 20
    schedule = member(Schedule, kind)
    whole, later = schedule.build(100, 10), schedule.build(100, 10)
    for loss in losses[:9]:
        whole.observe({"val_loss": loss})
    later.load(json.loads(json.dumps(whole.state(), allow_nan=False)))
    for step, loss in enumerate(losses[9:]):
        assert later.factor(step) == whole.factor(step)
        whole.observe({"val_loss": loss})
        later.observe({"val_loss": loss})
    assert later.state() == whole.state()


@pytest.mark.parametrize("kind", KINDS)
def test_a_warm_up_that_leaves_no_steps_is_a_problem(kind):
    def said(warmup, num_steps):
        schedule = member(Schedule, kind, warmup_steps=warmup)
        return [str(problem) for problem in schedule.problems(num_steps, "schedule")]

    assert said(0, 1) == said(99, 100) == []
    assert said(20, 20) == [
        "schedule.warmup_steps: 20: leaves none of the training's 20 steps after the warm-up; use at most 19"
    ]


def test_no_schedule_wastes_its_first_steps_by_default():
    assert all(member(Schedule, kind).factor(0, 10) > 0 for kind in KINDS)
