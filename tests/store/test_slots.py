"""Which run stands in a slot: found alike wherever it is asked, and never two are made for one."""

from collections import Counter
from dataclasses import replace

import pytest
from support.kept import change_row
from support.small_study import BROKEN, slots_of, study
from support.told import told

from normlab.components.datasets.file import File
from normlab.core.errors import DataError, Problem
from normlab.store.find import find_runs
from normlab.store.record import record
from normlab.store.slots import SlotTakenError, look_again
from normlab.store.store import Store, open_store


@pytest.fixture
def store():
    store = open_store()
    yield store
    store.close()


def script(slot, run="aaaaaa", **how):
    """A slot's run that is never trained."""
    for event in told(run, arm=slot.cell.name, **how):
        has_settings = hasattr(event, "experiment")
        yield event.model_copy(update={"experiment": slot.experiment}) if has_settings else event


def run_in(slot, store):
    now = look_again(store, slot)
    return now.run and now.run.id, now.num_failed


def failing(slot, run):
    yield from script(slot, run, finish=False)
    raise DataError(Problem("data.csv", "is gone", "bring it back"))


def fail(slot, run, store):
    with pytest.raises(DataError):
        list(record(failing(slot, run), store))


def test_the_first_end_counts_then_what_is_under_way_then_the_latest_attempt(store):
    slot, *_ = slots_of(study(), store)
    assert run_in(slot, store) == (None, 0)
    fail(slot, "first1", store)
    assert run_in(slot, store) == ("first1", 0)
    live = record(script(slot, "second", pause=0.01), store)
    next(live)
    fail(slot, "third3", store)
    assert run_in(slot, store) == ("second", 1)
    live.close()
    assert run_in(slot, store) == ("third3", 1)
    list(record(script(slot, "fourth"), store))
    list(record(script(slot, "fifth5"), store))
    assert run_in(slot, store) == ("fourth", 2)


def test_runs_that_began_with_weights_of_before_are_not_looked_at_again_either(store):
    slot, *_ = slots_of(study(), store)
    list(record(script(slot), store))
    assert look_again(store, slot).is_done
    change_row("aaaaaa", "created = 1000")
    assert not look_again(store, replace(slot, since=2000.0)).is_done


@pytest.mark.parametrize("other", ["aaaaaa", "bbbbbb"])
@pytest.mark.parametrize("is_live", [True, False])
def test_a_slot_that_another_process_has_begins_no_run(store, other, is_live):
    slot, *_ = slots_of(study(), store)
    elsewhere, pulled = Store(store.home), []
    theirs = record(script(slot, other), elsewhere, slot=slot)
    next(theirs) if is_live else list(theirs)

    def events():
        for event in script(slot):
            pulled.append(event.event)
            yield event

    with pytest.raises(SlotTakenError, match="is under way in" if is_live else "is done"):
        list(record(events(), store, slot=slot))
    assert pulled == ["run_created"], "nothing is trained"
    assert [run.id for run in find_runs(store).runs] == [other]
    theirs.close()
    elsewhere.close()


def test_what_failed_or_was_interrupted_elsewhere_takes_no_slot(store):
    slot, *_ = slots_of(study(), store)
    fail(slot, "first1", store)
    live = record(script(slot, "second"), store)
    next(live)
    live.close()
    assert list(record(script(slot), store, slot=slot))[-1].outcome == "completed"


def test_a_run_may_begin_anew_in_its_own_slot_as_after_its_worker_s_death(store):
    slot, *_ = slots_of(study(), store)

    def events():
        yield from script(slot, finish=False)
        yield from script(slot)

    assert list(record(events(), store, slot=slot))[-1].outcome == "completed"


def test_runs_that_no_study_asks_for_may_repeat(store):
    slot, *_ = slots_of(study(), store)
    list(record(script(slot), store))
    list(record(script(slot, "bbbbbb"), store))
    assert find_runs(store).total == 2


def test_files_of_data_are_looked_at_once_however_many_runs_read_them(store, tmp_path, monkeypatch):
    arm = {**BROKEN, "dataset.path": str(tmp_path / "mine.csv")}
    plan, looked = study(seeds=5, arms={"file": arm}), Counter()
    look = File.stamp

    def stamp(dataset):
        looked[dataset.path] += 1
        return look(dataset)

    monkeypatch.setattr(File, "stamp", stamp)
    before = slots_of(plan, store)
    assert list(looked.values()) == [1]
    (tmp_path / "mine.csv").write_text("x,y\n1,2\n")
    for slot, now in zip(before, slots_of(plan, store), strict=True):
        assert (slot.fingerprint == now.fingerprint) == (slot.cell.name == "baseline"), "each pass looks anew"
