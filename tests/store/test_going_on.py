"""Which kept runs can go on, to their end or to another."""

import pytest
from support.told import told

from normlab.core.errors import ConfigError
from normlab.store.find import find_run
from normlab.store.going_on import STATE, has_state, lengthened, why_not_extended, why_not_resumed
from normlab.store.record import record


@pytest.fixture
def kept(store):
    """Keep a run of three epochs that ended so, with a state or without."""

    def keep(outcome, state=True, **settings):
        list(record(told("aaaaaa", settings), store))
        store.write(lambda c: c.execute("UPDATE runs SET outcome = ?", (outcome,)))
        (store.runs / "aaaaaa").mkdir(parents=True, exist_ok=True)
        if state:
            (store.runs / "aaaaaa" / STATE).write_bytes(b"state")
        return find_run(store, "aaaaaa")

    return keep


@pytest.mark.parametrize(
    ("outcome", "not_resumed", "not_extended"),
    [
        (None, "is under way", "is under way"),
        ("completed", "has reached its end", None),
        ("early_stopped", "has reached its end", None),
        ("diverged", "has diverged", "has diverged"),
        ("interrupted", None, None),
        ("stopped", None, None),
        ("failed", None, None),
        ("oom", None, None),
    ],
)
def test_each_outcome_says_what_may_follow(kept, outcome, not_resumed, not_extended):
    run = kept(outcome)
    assert (why_not_resumed(run), why_not_extended(run)) == (not_resumed, not_extended)


def test_without_a_state_a_run_can_begin_anew_but_not_be_extended(kept):
    run = kept("interrupted", state=False)
    assert not has_state(run)
    assert why_not_resumed(run) is None
    assert why_not_extended(run) == "has no state to go on from"


def test_a_length_is_beyond_what_is_trained_and_may_be_shorter_than_was_planned(kept, store):
    kept("interrupted")
    store.write(lambda c: c.execute("UPDATE runs SET experiment = replace(experiment, ':3', ':100000')"))
    run = find_run(store, "aaaaaa")
    assert run.experiment.training.epochs == 100_000
    assert lengthened(run, 10).training.epochs == 10
    with pytest.raises(ConfigError, match="training.epochs: 3: is not more than the 3 that run aaaaaa has"):
        lengthened(run, 3)


def test_a_run_that_counts_steps_is_lengthened_in_steps(kept):
    run = kept("completed", **{"training.steps": 60})
    assert lengthened(run, 61).training.steps == 61
    with pytest.raises(ConfigError, match="training.steps: 60: is not more than the 60"):
        lengthened(run, 60)
