"""Which runs of a study are trained together; what can be is scripted, so that nothing is built for it."""

import pytest
from support.small_study import slots_of, study

from normlab.engine import kinship
from normlab.scale import cohorts as choosing
from normlab.scale.cohorts import cohorts
from normlab.scale.execute import execute

ARMS = {"quick": {"optimizer.lr": 0.5}, "wide": {"model.hidden": [9]}}


@pytest.fixture(autouse=True)
def kin(monkeypatch):
    """Let nets of one width be stacked, in fours."""
    monkeypatch.setattr(kinship, "kin", lambda experiment: experiment.model.hidden)
    monkeypatch.setattr(kinship, "cohort_size", lambda experiment: 4)


def chosen(slots, store, jobs=1):
    return [[(slot.cell.name, slot.seed) for slot in cohort] for cohort in cohorts(slots, store, jobs)]


def test_runs_of_one_shape_are_trained_together_in_their_order(store):
    assert chosen(slots_of(study(seeds=3, arms=ARMS), store), store) == [
        [("baseline", 0), ("quick", 0), ("baseline", 1), ("quick", 1)],
        [("wide", 0), ("wide", 1), ("wide", 2)],
        [("baseline", 2), ("quick", 2)],
    ]


def test_jobs_share_what_is_left(store):
    sizes = [len(cohort) for cohort in chosen(slots_of(study(seeds=10, arms={}), store), store, jobs=2)]
    assert sizes == [4, 3, 2, 1]
    assert [len(each) for each in chosen(slots_of(study(seeds=6, arms={}), store), store, jobs=2)][:2] == [
        3,
        2,
    ]


def test_no_slot_is_looked_for_far_ahead(store, monkeypatch):
    monkeypatch.setattr(choosing, "_LOOKED_THROUGH", 3)
    pulled = []

    def counted():
        for slot in slots_of(study(seeds=5, arms=ARMS), store):
            pulled.append(slot)
            yield slot

    first = next(cohorts(counted(), store, 1))
    assert [(slot.cell.name, slot.seed) for slot in first] == [("baseline", 0), ("quick", 0)]
    assert len(pulled) == 3


def test_what_is_done_by_the_time_of_its_turn_is_left_out(store):
    early = slots_of(study(seeds=5, arms={}), store)
    coming = cohorts(early, store, 1)
    assert len(next(coming)) == 4
    list(execute(early[4:], store, device="cpu"))
    assert list(coming) == []


def test_what_can_not_even_be_looked_at_is_trained_alone(store, monkeypatch):
    def fail(experiment):
        raise FileNotFoundError("its file is gone")

    monkeypatch.setattr(kinship, "kin", fail)
    assert [len(cohort) for cohort in chosen(slots_of(study(), store), store)] == [1] * 4
