import pytest

from normlab.core.errors import ConfigError
from normlab.core.parsing import parse
from normlab.lab.experiment import Experiment


def lines(tree):
    with pytest.raises(ConfigError) as caught:
        parse(Experiment, tree)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        ({"trainning": {}}, "trainning: is no setting here; did you mean training?"),
        ({"model": {"kind": "mpl"}}, "model.kind: mpl: is no model; did you mean mlp?"),
        (
            {"model": {"kind": "mlp", "norm": {"kind": "group", "gropus": 4}}},
            "model.norm.gropus: is no setting here; did you mean groups?",
        ),
        (
            {"optimizer": {"kind": "adam", "lr": "high"}},
            "optimizer.lr: high: must be a number from 0 to 1000000",
        ),
        (
            {"training": {"batch_size": "ful"}},
            "training.batch_size: ful: must be a whole number from 1 to 10000000 or 'full'; did you mean full?",
        ),
        ({"training": {"epochs": True}}, "training.epochs: true: must be a whole number from 1 to 100000000"),
        ({"training": {"epochs": 0}}, "training.epochs: 0: must be a whole number from 1 to 100000000"),
        ({"optimizer": {"lr": 0.1}}, None),
        ({"model": 3}, "model: 3: must be a table; set model.kind to choose one"),
        (
            {"model": {"kind": "mlp", "hidden": [64, -1]}},
            "model.hidden[1]: -1: must be a whole number from 1 to 100000",
        ),
        (
            {"model": {"kind": "mlp", "hidden": "0x5"}},
            'model.hidden: 0x5: must be sizes; write [64, 32], or "10x500" for ten layers of 500',
        ),
        (
            {"model": {"kind": "mlp", "hidden": "wide"}},
            'model.hidden: wide: must be sizes; write [64, 32], or "10x500" for ten layers of 500',
        ),
    ],
)
def test_each_fault_is_one_line_with_a_remedy(tree, line):
    found = lines(tree)
    assert len(found) == 1
    assert (
        found[0].startswith("optimizer.kind: is missing; choose one of ")
        if line is None
        else found[0] == line
    )


def test_all_faults_are_told_at_once():
    assert len(lines({"training": {"epochs": 0, "clip_norm": -1, "stepz": 1}, "seed": -1})) == 4


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_settings_are_finite(value):
    assert lines({"optimizer": {"kind": "adam", "lr": value}})[0].startswith("optimizer.lr: ")
