import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.core.errors import Problem
from normlab.lab.checks import problems
from normlab.lab.draft import Draft
from normlab.lab.experiment import Experiment
from normlab.lab.setting_text import show_text
from normlab.lab.settings import change

BASE = Experiment()


def row(draft, path):
    return next(row for row in draft.rows() if row.path == path)


def paths(draft):
    return [row.path for row in draft.rows()]


def test_a_part_s_kind_stands_before_its_own_settings_and_the_seed_comes_last():
    draft = Draft(change(BASE, {"model.norm.kind": "group"}))
    found = paths(draft)
    assert found[0] == "dataset.kind"
    assert found[-1] == "seed"
    at = found.index("model.norm.kind")
    assert found[at + 1] == "model.norm.groups"
    assert found.index("model.hidden") < at


def test_a_kind_keeps_shared_values_and_clears_the_rest():
    draft = Draft(BASE)
    draft.change("optimizer.lr", 0.05)
    draft.change("optimizer.beta2", 0.9)
    draft.change("optimizer.kind", "sgd")
    assert row(draft, "optimizer.lr").value == 0.05
    draft.change("optimizer.kind", "adam")
    assert row(draft, "optimizer.lr").value == 0.05
    assert row(draft, "optimizer.beta2").value == 0.999


def test_undo_and_redo_go_through_all_that_was_changed():
    draft = Draft(BASE)
    draft.change("training.epochs", 20)
    draft.change("model.norm.kind", "layer")
    assert draft.undo()
    assert draft.experiment == change(BASE, {"training.epochs": 20})
    assert draft.undo()
    assert draft.experiment == BASE
    assert not draft.undo()
    assert draft.redo()
    assert draft.redo()
    assert not draft.redo()
    assert draft.experiment == change(BASE, {"training.epochs": 20, "model.norm.kind": "layer"})


def test_a_change_after_an_undo_ends_what_could_be_redone():
    draft = Draft(BASE)
    draft.change("training.epochs", 20)
    draft.undo()
    draft.change("training.epochs", 30)
    assert not draft.redo()
    assert row(draft, "training.epochs").value == 30


def test_what_is_typed_into_one_setting_is_one_step_to_undo():
    draft = Draft(BASE)
    draft.change("model.bias", False)
    epochs = row(draft, "training.epochs")
    for text in ("1", "12", "125"):
        draft.set_text(epochs, text)
    draft.undo()
    assert row(draft, "training.epochs").value == 10
    assert row(draft, "model.bias").value is False


def test_a_setting_that_was_settled_begins_another_step():
    draft = Draft(BASE)
    draft.change("training.epochs", 20)
    draft.settle()
    draft.change("training.epochs", 30)
    draft.undo()
    assert row(draft, "training.epochs").value == 20


def test_what_is_changed_and_changed_back_is_no_step_and_takes_no_other_with_it():
    draft = Draft(BASE)
    draft.change("model.bias", False)
    before = draft.written("training.epochs")
    draft.change("training.epochs", 20)
    draft.change("training.epochs", before)
    draft.change("training.epochs", 30)
    draft.undo()
    assert draft.experiment == change(BASE, {"model.bias": False})
    draft.undo()
    assert draft.experiment == BASE


def test_undo_brings_back_what_another_experiment_took_the_place_of_and_its_baseline():
    base, loaded = change(BASE, {"seed": 5}), change(BASE, {"model.norm.kind": "layer"})
    draft = Draft(base)
    draft.change("training.epochs", "many")
    version = draft.version
    draft.load(loaded)
    assert draft.version > version
    assert (draft.experiment, draft.baseline) == (loaded, loaded)
    draft.change("training.epochs", 30)
    draft.undo()
    draft.undo()
    assert draft.baseline == base
    assert row(draft, "training.epochs").value == "many"
    assert {row.path for row in draft.rows() if row.differs} == {"training.epochs"}
    draft.undo()
    assert draft.experiment == base
    draft.redo()
    draft.redo()
    assert (draft.experiment, draft.baseline) == (loaded, loaded)


def test_loading_what_is_there_already_is_no_step():
    draft = Draft(BASE)
    draft.load(Experiment())
    assert not draft.undo()
    draft.load(BASE, change(BASE, {"training.epochs": 20}))
    assert row(draft, "training.epochs").differs
    assert draft.undo()
    assert not row(draft, "training.epochs").differs


def test_another_baseline_holds_for_every_step_since_the_load():
    draft = Draft(BASE)
    draft.load(change(BASE, {"model.bias": False}))
    draft.change("training.epochs", 20)
    draft.baseline = change(BASE, {"training.epochs": 20})
    assert {row.path for row in draft.rows() if row.differs} == {"model.bias"}
    draft.undo()
    assert {row.path for row in draft.rows() if row.differs} == {"model.bias", "training.epochs"}
    draft.undo()
    assert draft.baseline == BASE


def test_rows_differ_from_the_baseline_where_the_experiments_do():
    draft = Draft(BASE)
    draft.change("model.norm.kind", "group")
    draft.change("model.norm.groups", 4)
    draft.change("training.epochs", 20)
    draft.change("seed", 7)
    assert {row.path for row in draft.rows() if row.differs} == {"model.norm.kind", "training.epochs"}


def test_the_same_rows_differ_while_a_value_is_wrong():
    draft = Draft(BASE)
    draft.change("optimizer.kind", "sgd")
    draft.change("optimizer.lr", 0.5)
    draft.change("model.hidden", [128, 128])
    draft.change("seed", 3)
    before = {row.path for row in draft.rows() if row.differs}
    draft.change("training.epochs", "many")
    assert draft.experiment is None
    assert {row.path for row in draft.rows() if row.differs} == before | {"training.epochs"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("training.epochs", "many"),
        ("training.epochs", "-1"),
        ("training.epochs", ""),
        ("training.epochs", "9" * 5000),
        ("optimizer.lr", "1e999"),
        ("optimizer.lr", "nan"),
        ("model.hidden", "64, no"),
        ("model.hidden", "64, 0"),
        ("model.norm.kind", "bach"),
        ("training.order", "upwards"),
    ],
)
def test_text_that_makes_no_sense_is_a_problem_of_its_row(path, text):
    draft = Draft(BASE)
    draft.set_text(row(draft, path), text)
    assert draft.experiment is None
    assert draft.refusals
    assert row(draft, path).problem is not None
    assert draft.other_problems == []
    draft.undo()
    assert draft.experiment == BASE
    assert row(draft, path).problem is None


def test_reset_gives_a_setting_the_baseline_s_value():
    base = change(BASE, {"training.epochs": 50, "model.norm.kind": "group", "model.norm.groups": 4})
    draft = Draft(BASE)
    draft.load(BASE, base)
    draft.reset(row(draft, "training.epochs"))
    draft.reset(row(draft, "model.norm.kind"))
    assert draft.experiment == base
    draft.undo()
    assert draft.experiment == change(BASE, {"training.epochs": 50})


def test_reset_leaves_no_half_written_part_behind():
    base = change(BASE, {"model.kind": "resnet18", "model.norm.kind": "group"})
    draft = Draft(base)
    for path in paths(draft):
        draft.reset(row(draft, path))
    assert draft.experiment == base


def test_reset_gives_a_norm_back_whatever_the_model_is():
    base = change(BASE, {"model.kind": "resnet18"})
    draft = Draft(base)
    draft.change("model.kind", "mlp")
    draft.change("model.norm.kind", "layer")
    draft.reset(row(draft, "model.norm.kind"))
    assert draft.experiment is not None
    assert draft.experiment.model.norm == base.model.norm


def test_reset_all_leaves_the_seed():
    draft = Draft(BASE)
    draft.change("training.epochs", 20)
    draft.change("model.kind", "cnn")
    draft.change("seed", 5)
    draft.reset_all()
    assert draft.experiment == change(BASE, {"seed": 5})
    draft.undo()
    assert draft.experiment is not None
    assert draft.experiment.model.kind == "cnn"


def test_an_optional_record_is_switched_on_and_off_with_its_settings():
    draft = Draft(BASE)
    assert row(draft, "training.early_stopping").value is False
    draft.change("training.early_stopping", {})
    assert row(draft, "training.early_stopping").value is True
    draft.change("training.early_stopping.patience", 7)
    assert draft.experiment is not None
    assert draft.experiment.training.early_stopping is not None
    assert draft.experiment.training.early_stopping.patience == 7
    draft.change("training.early_stopping", None)
    assert draft.experiment == BASE
    assert "training.early_stopping.patience" not in paths(draft)


def test_refusals_of_the_whole_stand_at_their_row():
    draft = Draft(change(BASE, {"model.norm.kind": "group", "model.norm.groups": 3}))
    assert not draft.checked
    draft.accept(draft.version, list(problems(draft.experiment)))
    assert draft.checked
    assert row(draft, "model.norm.groups").problem is not None


def test_a_stale_check_is_dropped():
    draft = Draft(change(BASE, {"model.norm.kind": "group", "model.norm.groups": 3}))
    version, found = draft.version, list(problems(draft.experiment))
    draft.change("model.norm.groups", 4)
    draft.accept(version, found)
    assert not draft.checked
    assert draft.problems == []


def test_a_refusal_is_told_before_a_warning_of_the_same_row():
    draft = Draft(BASE)
    odd, wrong = Problem("model.bias", "is odd", warning=True), Problem("model.bias", "is wrong")
    draft.accept(draft.version, [odd, wrong])
    assert row(draft, "model.bias").problem == wrong
    assert draft.refusals == [wrong]


def test_problems_find_the_row_that_they_concern():
    draft = Draft(change(BASE, {"dataset.kind": "file", "dataset.path": "/tmp/a.csv"}))
    places = {
        "model": "model.kind",
        "model.hidden[3]": "model.hidden",
        "/tmp/a.csv, sample 3": "dataset.path",
        "training.epochs": "training.epochs",
    }
    draft.accept(draft.version, [Problem(path, "is wrong") for path in [*places, "claims[0]"]])
    assert {r.path: r.problem.path for r in draft.rows() if r.problem} == {
        row: path for path, row in places.items()
    }
    assert [problem.path for problem in draft.other_problems] == ["claims[0]"]


TEXTS = st.one_of(
    st.sampled_from(["", "none", "true", "full", "3", "-1", "0.5", "1e-3", "64, 32", "10x500", "[8]", "nan"]),
    st.text(max_size=8),
)
LOADED = change(BASE, {"model.kind": "cnn", "dataset.kind": "circles"})
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["text", "text", "text", "kind", "reset", "all", "load", "undo", "redo"]),
        st.integers(0, 500),
        TEXTS,
    ),
    max_size=25,
)


@given(MOVES)
def test_no_sequence_of_changes_raises_and_there_are_always_rows(moves):
    draft = Draft(BASE)
    for what, at, text in moves:
        rows = list(draft.rows())
        chosen = rows[at % len(rows)]
        match what:
            case "text":
                draft.set_text(chosen, text)
            case "kind":
                kinds = [row for row in rows if row.is_kind]
                chosen = kinds[at % len(kinds)]
                draft.change(chosen.path, chosen.field.choices[at % len(chosen.field.choices)])
            case "reset":
                draft.reset(chosen)
            case "all":
                draft.reset_all()
            case "load":
                draft.load(LOADED, BASE if at % 2 else None)
            case "undo":
                draft.undo()
            case _:
                draft.redo()
        assert (draft.experiment is None) == bool(draft.refusals)
        assert all(isinstance(show_text(row.value), str) for row in draft.rows())
    while draft.undo():
        pass
    assert (draft.experiment, draft.baseline) == (BASE, BASE)


def test_writing_a_default_out_is_no_change():
    draft = Draft(BASE)
    version = draft.version
    draft.change("training.epochs", 10)
    draft.change("model.norm.kind", "none")
    draft.set_text(row(draft, "model.hidden"), "128, 128")
    assert draft.version == version
    assert not draft.undo()
