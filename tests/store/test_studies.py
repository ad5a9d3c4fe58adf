"""A study's runs are found by what they are; what is missing is told, and nothing is chosen by its result."""

import pytest
from support.kept import change_row, keep

from normlab.core.errors import ConfigError
from normlab.engine.events import RunCreated, RunFinished
from normlab.lab.presets import Preset
from normlab.lab.study import Study
from normlab.store import edit, planning
from normlab.store.errors import StoreError
from normlab.store.find import find_run
from normlab.store.planning import keep_study, plan_study
from normlab.store.record import record
from normlab.store.slots import num_complete_seeds, slots
from normlab.store.store import open_store
from normlab.store.studies import delete_study, find_studies, find_study

ARM = {"model.norm.kind": "batch"}


def preset(seeds=2, title="norms", **fields):
    tree = {"experiment": {"training": {"epochs": 3}}, "arms": [{"name": "batch norm", "set": ARM}]}
    return Preset.model_validate({"title": title, **tree, "study": {"seeds": seeds}, **fields})


def make(seeds, settings=None, **how):
    return [keep({**(settings or {}), "seed": seed}, **how) for seed in seeds]


def make_all(seeds):
    make(range(seeds))
    make(range(seeds), ARM)


def found(study):
    return [(slot.cell.name, slot.seed, slot.run and slot.run.id) for slot in slots(open_store(), study)]


def test_runs_that_are_there_stand_for_a_study_whoever_made_them():
    base, arm = make([0]), make([1], ARM)
    study = keep_study(open_store(), preset(), "cpu")
    assert found(study) == [
        ("baseline", 0, base[0]),
        ("batch norm", 0, None),
        ("baseline", 1, None),
        ("batch norm", 1, arm[0]),
    ]
    assert num_complete_seeds(open_store(), study) == 0


def test_the_first_run_that_came_to_its_end_counts_and_not_the_best():
    broken, first, second = (
        make([0], outcome="failed", reason="no space left")[0],
        make([0])[0],
        make([0], epochs=3)[0],
    )
    study = keep_study(open_store(), preset(), "cpu")
    assert found(study)[0][2] == first
    edit.delete(open_store(), [first])
    assert found(study)[0][2] == second
    edit.delete(open_store(), [second])
    assert found(study)[0][2] == broken


def test_a_diverged_run_is_made_and_one_that_failed_or_was_stopped_is_not():
    make([0], outcome="diverged")
    make([1], outcome="stopped")
    make([0], ARM, outcome="failed")
    done = {
        (s.cell.name, s.seed): s.is_done
        for s in slots(open_store(), keep_study(open_store(), preset(), "cpu"))
    }
    assert done == {
        ("baseline", 0): True,
        ("baseline", 1): False,
        ("batch norm", 0): False,
        ("batch norm", 1): False,
    }


def test_runs_of_another_device_or_start_are_not_this_studys():
    make([0])
    assert found(keep_study(open_store(), preset(), "cuda"))[0][2] is None
    assert found(keep_study(open_store(), preset(), "cpu", "abcdef:best"))[0][2] is None


def test_asking_again_takes_the_study_up_whatever_it_is_called():
    first = keep_study(open_store(), preset(), "cpu")
    again = keep_study(open_store(), preset(title="other words", about="more of them"), "cpu")
    assert again.id == first.id
    assert [study.preset.title for study in find_studies(open_store())] == ["other words"]


@pytest.mark.parametrize(
    "fields",
    [
        {"experiment": {"training": {"epochs": 3}, "seed": 5}},
        {"arms": [{"name": "layer norm", "set": {"model.norm.kind": "layer"}}]},
        {"claims": [{"text": "x", "arm": "batch norm", "metric": "val_loss", "direction": "lower"}]},
        {"study": {"seeds": 2, "grid": {"optimizer.lr": [0.1, 0.01]}}},
    ],
)
def test_another_experiment_arm_claim_or_grid_is_another_study(fields):
    assert (
        keep_study(open_store(), preset(), "cpu").id != keep_study(open_store(), preset(**fields), "cpu").id
    )


def test_more_seeds_after_a_look_are_an_extension_and_a_third_look_is_refused():
    make_all(12)
    assert keep_study(open_store(), preset(6), "cpu").looks == (6,)
    extended = keep_study(open_store(), preset(12), "cpu")
    assert extended.looks == (6, 12)
    assert extended.preset.study == Study(seeds=12)
    with pytest.raises(ConfigError, match=r"was extended from 6 to 12 seeds.*--seed 12$"):
        keep_study(open_store(), preset(20), "cpu")
    assert find_study(open_store(), extended.id).looks == (6, 12)


def test_fewer_seeds_than_were_looked_at_change_nothing():
    make_all(12)
    keep_study(open_store(), preset(12), "cpu")
    assert keep_study(open_store(), preset(6), "cpu").looks == (12,)


def test_seeds_may_still_change_while_nobody_can_have_looked():
    make_all(3)
    assert keep_study(open_store(), preset(3), "cpu").looks == (3,), "fewer than six decide nothing"
    assert keep_study(open_store(), preset(12), "cpu").looks == (12,)
    assert keep_study(open_store(), preset(8), "cpu").looks == (8,), "not all of the twelve are made"


def test_an_extension_under_way_is_taken_up_by_the_first_number_of_seeds_too():
    make_all(6)
    keep_study(open_store(), preset(6), "cpu")
    keep_study(open_store(), preset(12), "cpu")
    assert keep_study(open_store(), preset(6), "cpu").looks == (6, 12)


def test_a_study_is_found_by_how_its_id_begins_and_forgotten_without_its_runs():
    (run, *_) = make([0])
    study = keep_study(open_store(), preset(), "cpu")
    other = keep_study(open_store(), preset(arms=[]), "cpu")
    assert find_study(open_store(), study.id[:5]).id == study.id
    delete_study(open_store(), study.id)
    assert [each.id for each in find_studies(open_store())] == [other.id]
    assert find_run(open_store(), run).id == run
    for start in (study.id, "", "\x1b[2J"):
        with pytest.raises(StoreError, match="is unknown"):
            find_study(open_store(), start)


def test_a_study_that_cannot_be_read_says_so_and_spares_the_others():
    study = keep_study(open_store(), preset(), "cpu")
    open_store().write(lambda c: c.execute("UPDATE studies SET preset = '{' WHERE id = ?", (study.id,)))
    damaged = find_study(open_store(), study.id)
    with pytest.raises(ConfigError, match=f"study {study.id}: can't be read"):
        _ = damaged.preset


def test_a_long_plan_is_laid_out_only_as_far_as_it_is_asked_for():
    study = keep_study(open_store(), preset(10_000), "cpu")
    first = next(slots(open_store(), study))
    assert (first.cell.name, first.seed) == ("baseline", 0)


def test_a_run_that_fails_before_it_trains_is_known_as_an_attempt():
    study = keep_study(open_store(), preset(), "cpu")
    experiment = next(slots(open_store(), study)).experiment
    created = RunCreated(run="broken", arm="baseline", experiment=experiment, device="cpu")
    failed = RunFinished(run="broken", outcome="failed", reason="no network", seconds=0.0)
    list(record((event for event in (created, failed)), open_store()))
    slot = next(slots(open_store(), study))
    assert (slot.run.id, slot.has_ended, slot.is_done) == ("broken", True, False)


def claimed(seeds, text="lower", arm="batch norm", **fields):
    claim = {"text": text, "arm": arm, "metric": "val_loss", "direction": "lower"}
    return preset(seeds, claims=[claim], **fields)


def test_other_words_names_and_a_deletion_make_no_fresh_study():
    make_all(6)
    first = keep_study(open_store(), claimed(6), "cpu")
    arms = [{"name": "BN", "set": ARM}]
    assert keep_study(open_store(), claimed(6, text="It is lower."), "cpu").id == first.id
    assert keep_study(open_store(), claimed(6, arm="BN", arms=arms), "cpu").id == first.id
    delete_study(open_store(), first.id)
    assert find_studies(open_store()) == []
    again = keep_study(open_store(), claimed(12), "cpu")
    assert (again.id, again.looks) == (first.id, (6, 12))
    assert [study.id for study in find_studies(open_store())] == [first.id]


def test_changing_the_plan_after_six_seeds_were_seen_is_a_look():
    make_all(7)
    assert keep_study(open_store(), preset(100), "cpu").looks == (100,)
    assert keep_study(open_store(), preset(7), "cpu").looks == (100,), (
        "to stop where it looks well is peeking"
    )
    assert keep_study(open_store(), preset(200), "cpu").looks == (7, 200)


def test_an_extension_does_not_grow_before_it_is_done():
    make_all(6)
    keep_study(open_store(), preset(6), "cpu")
    assert keep_study(open_store(), preset(12), "cpu").looks == (6, 12)
    with pytest.raises(ConfigError, match="third look"):
        keep_study(open_store(), preset(20), "cpu")


def test_a_deleted_run_reopens_no_plan():
    make_all(7)
    study = keep_study(open_store(), preset(7), "cpu")
    edit.delete(open_store(), [next(slots(open_store(), study)).run.id])
    assert keep_study(open_store(), preset(12), "cpu").looks == (6, 12)


def test_another_study_of_the_same_claim_is_named():
    first = keep_study(open_store(), claimed(6), "cpu")
    fresh = keep_study(open_store(), claimed(6, experiment={"training": {"epochs": 3}, "seed": 50}), "cpu")
    other = keep_study(open_store(), claimed(6, experiment={"training": {"epochs": 4}}), "cpu")
    assert fresh.id != first.id
    assert find_study(open_store(), fresh.id).others == (first.id,)
    assert find_study(open_store(), first.id).others == (fresh.id,)
    assert find_study(open_store(), other.id).others == ()
    delete_study(open_store(), first.id)
    assert find_study(open_store(), fresh.id).others == (first.id,)
    assert keep_study(
        open_store(), claimed(6, experiment={"training": {"epochs": 3}, "seed": 90}), "cpu"
    ).others == (
        fresh.id,
        first.id,
    )


def test_attempts_that_failed_before_the_run_are_counted():
    make([0], outcome="failed")
    make([0], outcome="oom")
    (kept,) = make([0])
    slot = next(slots(open_store(), keep_study(open_store(), preset(), "cpu")))
    assert (slot.run.id, slot.num_failed) == (kept, 2)


def test_a_run_on_several_threads_is_no_study_run():
    (run,) = make([0])
    change_row(run, "fingerprint = NULL")  # as it is noted for such a run
    study = keep_study(open_store(), preset(), "cpu")
    assert next(slots(open_store(), study)).run is None


def test_planning_writes_nothing_and_knows_what_keeping_will_do():
    make_all(6)
    planned = plan_study(preset(6), "cpu", store=open_store())
    assert find_studies(open_store()) == []
    kept = keep_study(open_store(), preset(6), "cpu")
    assert planned.looks == kept.looks
    assert plan_study(preset(12), "cpu", store=open_store()).looks == (6, 12)
    assert find_study(open_store(), kept.id).looks == (6,)


def test_another_margin_is_another_study_that_names_the_one_before():
    make_all(6)
    first = keep_study(open_store(), claimed(6), "cpu")
    claim = {"text": "lower", "arm": "batch norm", "metric": "val_loss", "direction": "lower", "margin": 0.2}
    other = keep_study(open_store(), preset(6, claims=[claim]), "cpu")
    assert other.id != first.id
    assert other.others == (first.id,)


@pytest.mark.parametrize(
    ("column", "value"), [("looks", "x"), ("looks", "[]"), ("looks", "[1e9]"), ("claims", "5")]
)
def test_a_damaged_row_spares_the_other_studies_and_can_be_deleted(column, value):
    first = keep_study(open_store(), preset(), "cpu")
    open_store().write(
        lambda c: c.execute(f"UPDATE studies SET {column} = ? WHERE id = ?", (value, first.id))
    )
    other = keep_study(open_store(), preset(arms=[]), "cpu")
    assert [study.id for study in find_studies(open_store())] == [other.id, first.id]
    if column == "looks":
        with pytest.raises(ConfigError, match="can't be read"):
            _ = find_study(open_store(), first.id).preset
    delete_study(open_store(), first.id)
    assert [study.id for study in find_studies(open_store())] == [other.id]


def test_a_damaged_row_of_the_same_study_is_mended_under_its_id():
    study = keep_study(open_store(), claimed(6), "cpu")
    open_store().write(lambda c: c.execute("UPDATE studies SET preset = '{', looks = '', claims = ''"))
    again = keep_study(open_store(), claimed(6), "cpu")
    assert (again.id, again.others) == (study.id, ())
    assert find_study(open_store(), study.id).preset.title == "norms"


def test_who_keeps_a_study_that_another_process_has_just_kept_gets_its_id(monkeypatch):
    ids = iter(["mine", "theirs"])
    monkeypatch.setattr("normlab.store.planning.new_run_id", lambda: next(ids))
    seen = planning._num_seen

    def meanwhile(store, asked):
        monkeypatch.setattr(planning, "_num_seen", seen)
        keep_study(store, preset(), "cpu")
        return seen(store, asked)

    monkeypatch.setattr(planning, "_num_seen", meanwhile)
    assert keep_study(open_store(), preset(), "cpu").id == "theirs"
    assert [study.id for study in find_studies(open_store())] == ["theirs"]
