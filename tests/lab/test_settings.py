import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.core.errors import ConfigError
from normlab.core.parsing import parse
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change, differences, label, to_tree

BASE = Experiment()


def paths(before, after):
    return [difference.path for difference in differences(before, after)]


def test_the_tree_is_short_and_reads_back():
    changed = change(BASE, {"model.norm.kind": "group", "model.norm.groups": 4, "training.epochs": 3})
    tree = to_tree(changed)
    assert tree["model"] == {"kind": "mlp", "norm": {"kind": "group", "groups": 4}}
    assert tree["training"] == {"epochs": 3}
    assert parse(Experiment, tree) == changed


@pytest.mark.parametrize(
    "settings",
    [
        {"training.early_stopping": {}, "dataset.scale_fault": {}},
        {
            "training.early_stopping.patience": 9,
            "model.norm.kind": "batch",
            "model.norm.momentum": "cumulative",
        },
        {"model.kind": "cnn", "model.channels": [4], "model.dropout.kind": "dropout2d", "seed": 3},
    ],
)
def test_nothing_is_lost_on_the_way_through_the_tree(settings):
    changed = change(BASE, settings)
    assert changed != BASE
    assert parse(Experiment, to_tree(changed)) == changed
    assert change(changed, {"training.epochs": 10}) == changed


def test_a_new_kind_keeps_shared_values_and_clears_the_rest():
    mlp = change(BASE, {"model.hidden": [7], "model.norm.kind": "layer", "model.bias": False})
    plain = change(mlp, {"model.kind": "plain"})
    assert plain.model.norm.kind == "layer"
    assert plain.model.bias is False
    assert "hidden" not in to_tree(plain)["model"]


def test_a_kind_and_its_values_can_be_set_in_any_order():
    settings = {"model.norm.groups": 4, "model.norm.kind": "group", "model.kind": "cnn"}
    assert change(BASE, settings).model.norm.groups == 4
    assert change(BASE, dict(reversed(settings.items()))) == change(BASE, settings)


def test_a_default_rate_is_not_carried_to_another_optimizer():
    assert change(BASE, {"optimizer.kind": "sgd"}).optimizer.lr == 0.1
    held = change(BASE, {"optimizer.lr": 0.5})
    assert change(held, {"optimizer.kind": "sgd"}).optimizer.lr == 0.5


def test_none_clears_an_optional_setting():
    stopping = change(BASE, {"training.early_stopping.patience": 5, "training.clip_norm": 1.0})
    assert stopping.training.early_stopping.patience == 5
    cleared = change(stopping, {"training.early_stopping": "none", "training.clip_norm": "none"})
    assert cleared == BASE


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("modle.norm", 1, "modle: is no setting here; did you mean model?"),
        ("model.norm.kind", "grp", "model.norm.kind: grp: is no norm; did you mean group?"),
        ("model.norm.groups", 4, "model.norm.groups: is no setting here"),
        ("training.epochs.x", 1, "training.epochs: has no settings of its own; set training.epochs itself"),
        ("kind", "mlp", "kind: is no setting here"),
        ("", 1, ": is no setting here"),
        ("epochs", 3, "epochs: is no setting here; did you mean training.epochs?"),
        ("norm", "batch", "norm: is no setting here; did you mean model.norm?"),
        ("model.norm", "batch", "model.norm: batch: must be a table; set model.norm.kind to choose one"),
        ("model.norm.kind", [1], "model.norm.kind: [1]: is no norm"),
        ("training.epochs", "3", 'training.epochs: "3": must be a whole number'),
        ("training.epochs", 1e3, "training.epochs: 1000.0: must be a whole number"),
        ("model..norm", 1, "model.: is no setting here"),
        ("training.kind", "x", "training.kind: is no setting here"),
        ("seed", "many", "seed: many: must be a whole number"),
    ],
)
def test_a_wrong_setting_is_named(path, value, line):
    with pytest.raises(ConfigError) as caught:
        change(BASE, {path: value})
    assert str(caught.value).startswith(line)


@given(
    st.text(max_size=30),
    st.one_of(
        st.none(), st.integers(), st.text(max_size=5), st.dictionaries(st.text(max_size=3), st.integers())
    ),
)
def test_any_setting_is_taken_or_refused_in_words(path, value):
    try:
        change(BASE, {path: value})
    except ConfigError as error:
        assert error.problems


def test_a_changed_kind_is_one_difference():
    assert paths(BASE, change(BASE, {"model.norm.kind": "batch"})) == ["model.norm"]
    assert paths(BASE, change(BASE, {"optimizer.kind": "sgd", "optimizer.momentum": 0.9})) == ["optimizer"]


def test_differences_are_found_wherever_they_are():
    other = change(
        BASE, {"model.norm.kind": "group", "training.epochs": 3, "dataset.val_fraction": 0.5, "seed": 9}
    )
    assert paths(BASE, other) == ["dataset.val_fraction", "model.norm", "training.epochs"]


def test_a_new_model_is_one_difference_beside_its_norm():
    other = change(BASE, {"model.kind": "residual_mlp", "model.norm.kind": "layer"})
    assert paths(BASE, other) == ["model", "model.norm"]


def test_labels_name_the_change_or_its_confounding():
    one = change(BASE, {"model.norm.kind": "group", "model.norm.groups": 4})
    two = change(one, {"training.epochs": 3})
    assert label(list(differences(BASE, one))) == "norm = group (groups = 4)"
    assert label(list(differences(BASE, two))) == "confounded: 2 changes"
