"""Caveats: each is said where it holds, and not where it doesn't."""

import pytest
from support.kept import change_row, keep

from normlab.lab.presets import Preset
from normlab.store.planning import keep_study
from normlab.store.store import open_store
from normlab.store.studies import find_studies
from normlab.views.board import recall_board
from normlab.views.study_caveats import caveats, shared_caveats

ARM = {"model.norm.kind": "batch"}
RATE = {"optimizer.lr": 0.5}


def said(seeds=6, settings=RATE, name="fast", looks=None, **claim):
    """The caveats of a study of one arm that has a claim."""
    claim = {"text": "x", "arm": name, "metric": "train_loss", "at": "last", "direction": "lower", **claim}
    fields = {
        "title": "x", "experiment": {"training": {"epochs": 3}}, "claims": [claim],
        "arms": [{"name": name, "set": settings}],
    }  # fmt: skip
    for count in looks or (seeds,):
        preset = Preset.model_validate({**fields, "study": {"seeds": count}})
        study = keep_study(open_store(), preset, "cpu")
    return caveats(recall_board(study, open_store()))


def make(seeds=6, settings=RATE, **how):
    return [keep({"seed": seed, **each}, **how) for seed in range(seeds) for each in ({}, settings)]


def about(sentences, word):
    return [sentence for sentence in sentences if word in sentence]


def test_a_clean_study_has_only_its_set_up_as_a_caveat():
    make()
    assert said() == ["All of it is for this set-up: the data set digits, this model, these settings."]


def test_missing_runs_come_first():
    make(2)
    assert said()[0] == "8 of 12 runs are still to be made, so nothing is decided yet."


@pytest.mark.parametrize(
    ("outcome", "verb"), [("diverged", "diverged"), ("oom", "ran out of memory"), ("failed", "failed")]
)
def test_failures_are_counted_by_arm(outcome, verb):
    make(4)
    for seed in (4, 5):
        keep({"seed": seed}, outcome=outcome)
        keep({"seed": seed, **RATE})
    assert said()[0] == f"2 of 12 runs {verb} (baseline: 2 runs); they count as worse than any other."


def test_too_few_seeds_can_decide_nothing():
    make(5)
    assert said(5)[0] == "5 seeds: with fewer than 6 no claim can be decided."


def test_many_claims_need_more_seeds_to_be_supported():
    make(6)
    claim = {"text": "x", "arm": "fast", "metric": "train_loss", "at": "last", "direction": "lower"}
    fields = {"title": "x", "experiment": {"training": {"epochs": 3}}, "study": {"seeds": 6}}
    arms = [{"name": "fast", "set": RATE}]
    preset = Preset.model_validate({**fields, "arms": arms, "claims": [claim, {**claim, "at": "best"}]})
    board = recall_board(keep_study(open_store(), preset, "cpu"), open_store())
    assert "6 seeds: with fewer than 7 none of 2 claims can be supported." in caveats(board)


def test_two_looks_are_told_with_what_they_do_to_the_error_rate():
    make(6)
    sentences = said(looks=(6, 8))
    assert about(sentences, "extended from 6 to 8 seeds, and each look is judged at 2.5 %")
    assert not about(sentences, "with fewer than")


def test_an_arm_with_two_changes_is_confounded():
    make(1, ARM | RATE)
    (sentence,) = about(said(1, ARM | RATE, name="both"), "confounded")
    assert sentence.startswith(
        "both is confounded: it changes 2 settings of baseline (model.norm, optimizer.lr)"
    )


def test_other_versions_and_machines_among_the_runs_are_told():
    runs = make(6)
    change_row(runs[0], "environment = json_set(environment, '$.torch', '1.0')")
    (sentence,) = about(said(), "more than one torch")
    assert sentence.startswith("Its runs were made with more than one torch: 1.0, ")


def test_the_best_epoch_is_told_where_a_claim_is_about_it():
    make(1)
    assert about(
        said(1, metric="val_loss", at="best"), "The best epoch is chosen on the same validation data"
    )
    assert not about(said(1, metric="val_loss", at="last"), "best epoch")
    assert not about(said(1, metric="train_loss", at="best"), "best epoch")


def test_losses_that_are_not_the_same_quantity_are_told():
    smooth = {"loss.label_smoothing": 0.1}
    make(1, smooth)
    assert about(said(1, smooth), "The arms have different losses")
    assert not about(said(1), "different losses")


def test_caveats_of_several_verdicts_are_told_once():
    make(6, outcome="diverged")
    claim = {"text": "x", "arm": "fast", "metric": "train_loss", "at": "last", "direction": "lower"}
    claims = [claim, {**claim, "metric": "val_loss"}, {**claim, "metric": "diverged", "at": "best"}]
    fields = {"title": "x", "experiment": {"training": {"epochs": 3}}, "study": {"seeds": 6}}
    arms = [{"name": "fast", "set": RATE}]
    preset = Preset.model_validate({**fields, "arms": arms, "claims": claims})
    verdicts = recall_board(keep_study(open_store(), preset, "cpu"), open_store()).verdicts
    shared = shared_caveats(verdicts)
    assert "baseline failed in 6 of 6 seeds: these count as worst." in shared
    assert len(set(shared)) == len(shared)
    assert shared_caveats(verdicts[:1]) == []


def test_a_consequence_such_as_another_size_is_told():
    make(1, ARM)
    (sentence,) = about(said(1, ARM, name="bn"), "in size")
    assert sentence == "bn also differs from baseline in size: parameters: 26,122 → 26,634."


def test_names_are_harmless():
    make(6, outcome="diverged")
    fields = {"title": "x", "experiment": {"training": {"epochs": 3}}, "study": {"seeds": 6}}
    board = recall_board(keep_study(open_store(), Preset.model_validate(fields), "cpu"), open_store())
    board.histories["\x1b[31mred", 0] = board.histories.pop(("baseline", 0))
    assert not about(caveats(board), "\x1b")


def test_runs_that_were_made_again_after_a_failure_are_counted():
    keep({"seed": 0}, outcome="failed")
    make()
    assert about(said(), "made again") == ["1 run was made again after an attempt that failed."]


def test_other_studies_of_the_same_claim_are_named():
    make()
    said()
    first = find_studies(open_store())[0]
    fields = {"text": "x", "arm": "fast", "metric": "train_loss", "at": "last", "direction": "lower"}
    again = Preset.model_validate(
        {
            "title": "fresh seeds",
            "experiment": {"training": {"epochs": 3}, "seed": 100},
            "arms": [{"name": "fast", "set": RATE}],
            "claims": [fields],
            "study": {"seeds": 6},
        }
    )
    study = keep_study(open_store(), again, "cpu")
    (sentence,) = about(caveats(recall_board(study, open_store())), "put to the test")
    assert f"in study {first.id} too" in sentence
