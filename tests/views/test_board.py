"""A study's board: runs that were kept and runs that are told, in one grid."""

from support.kept import keep

from normlab.engine.events import RunFinished
from normlab.lab.presets import Preset
from normlab.store.planning import keep_study
from normlab.store.replay import replay
from normlab.store.slots import slots
from normlab.store.store import open_store
from normlab.views.board import Board, recall_board

ARM = {"model.norm.kind": "batch"}
CLAIM = {"text": "lower", "arm": "batch norm", "metric": "val_loss", "direction": "lower"}


def study(seeds=6, **fields):
    tree = {"experiment": {"training": {"epochs": 3}}, "arms": [{"name": "batch norm", "set": ARM}]}
    preset = Preset.model_validate(
        {"title": "norms", **tree, "study": {"seeds": seeds}, "claims": [CLAIM], **fields}
    )
    return keep_study(open_store(), preset, "cpu")


def make_all(seeds, **how):
    for seed in range(seeds):
        keep({"seed": seed}, **how)
        keep({"seed": seed, **ARM}, **how)


def test_a_board_without_runs_has_a_place_for_each_and_an_undecided_verdict():
    board = recall_board(study(), open_store())
    assert (board.num_runs, board.num_ended, board.is_complete) == (12, 0, False)
    assert board.seeds == list(range(6))
    assert [cell.name for cell in board.cells] == ["baseline", "batch norm"]
    (verdict,) = board.verdicts
    assert verdict.verdict == "undecided"
    assert verdict.reason == "12 of 12 runs are still to be made"


def test_kept_runs_are_taken_in_with_where_they_ran():
    make_all(6)
    board = recall_board(study(), open_store())
    assert board.is_complete
    assert set(board.environments) == set(board.runs.values())
    assert len(board.cell_histories("batch norm")) == 6
    assert board.verdicts[0].num_pairs == 6


def test_told_events_and_kept_runs_come_to_the_same():
    make_all(6)
    kept = study()
    told = Board(kept)
    for slot in slots(open_store(), kept):
        for event in replay(slot.run.id, open_store()):
            told.fold(slot, event)
    taken = recall_board(kept, open_store())
    assert told.trials == taken.trials
    assert told.verdicts == taken.verdicts


def test_a_run_that_was_stopped_is_still_to_be_made_and_one_that_failed_counts():
    keep({"seed": 0}, outcome="stopped")
    keep({"seed": 1}, outcome="failed")
    keep({"seed": 2}, outcome="diverged")
    board = recall_board(study(), open_store())
    assert board.num_ended == 2
    assert sorted(board.trials["baseline"]) == [1, 2]
    assert board.outcomes() == {"stopped": 1, "failed": 1, "diverged": 1}


def test_a_new_attempt_takes_the_place_of_the_one_before():
    first, again = keep({"seed": 0}, outcome="failed"), keep({"seed": 0})
    kept = study()
    (slot, *_) = slots(open_store(), kept)
    board = Board(kept)
    for run in (first, again):
        for event in replay(run, open_store()):
            board.fold(slot, event)
    assert board.runs == {("baseline", 0): again}
    assert board.num_ended == 1
    assert board.histories["baseline", 0].outcome == "completed"


def test_verdicts_are_judged_again_only_when_something_was_told():
    make_all(6)
    kept = study()
    board = recall_board(kept, open_store())
    assert board.verdicts is board.verdicts
    (slot, *_) = slots(open_store(), kept)
    before = board.verdicts
    board.fold(slot, RunFinished(run=slot.run.id, outcome="diverged", seconds=1.0))
    assert board.verdicts is not before
