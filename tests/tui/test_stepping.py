from itertools import pairwise

import pytest

from normlab.components.datasets import Dataset
from normlab.components.models import Model
from normlab.components.norms import Norm
from normlab.components.optimizers import Optimizer
from normlab.components.schedules import Schedule
from normlab.core.choice import members
from normlab.core.fields import describe
from normlab.lab.draft import Draft
from normlab.lab.experiment import Experiment, Training
from normlab.tui.widgets.stepping import step

FIELDS = {
    "training": describe(Training),
    "experiment": describe(Experiment),
    "adam": describe(members(Optimizer)["adam"]),
    "digits": describe(members(Dataset)["digits"]),
    "mlp": describe(members(Model)["mlp"]),
    "cnn": describe(members(Model)["cnn"]),
    "batch": describe(members(Norm)["batch"]),
    "constant": describe(members(Schedule)["constant"]),
}


def up(where, name, value, far=False):
    return step(FIELDS[where][name], value, up=True, far=far)


def as_tuple(value):
    return tuple(value) if isinstance(value, list) else value


def down(where, name, value, far=False):
    return step(FIELDS[where][name], value, up=False, far=far)


@pytest.mark.parametrize(
    ("where", "name", "series"),
    [
        ("training", "batch_size", [1, 2, 4, 8, 16, 32, 64, 128]),
        ("training", "epochs", [8, 9, 10, 11]),
        ("training", "epochs", [19, 20, 25, 30]),
        ("training", "steps", [100, 150, 200]),
        ("adam", "lr", [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]),
        ("adam", "weight_decay", [0.0001, 0.0002, 0.0005]),
        ("adam", "beta1", [0.8, 0.85, 0.9, 0.95, 0.98, 0.99]),
        ("adam", "beta2", [0.99, 0.995, 0.998, 0.999, 0.9995]),
        ("adam", "eps", [1e-9, 1e-8, 1e-7]),
        ("digits", "val_fraction", [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35]),
        ("digits", "label_noise", [0.0, 0.05, 0.1]),
        ("constant", "warmup_start", [0.01, 0.02, 0.05, 0.1, 0.15]),
        ("experiment", "seed", [41, 42, 43]),
        ("cnn", "kernel", [1, 3, 5, 7]),
        ("mlp", "hidden", [(64,), (64, 64), (64, 64, 64)]),
    ],
)
def test_steps_follow_a_series_both_ways(where, name, series):
    for before, after in pairwise(series):
        assert as_tuple(up(where, name, before)) == after
        assert as_tuple(down(where, name, after)) == before


def test_a_number_that_is_not_of_the_series_steps_onto_it():
    assert up("training", "batch_size", 100) == 128
    assert down("training", "batch_size", 100) == 64
    assert up("adam", "lr", 0.003) == 0.005
    assert down("adam", "lr", 0.003) == 0.002


def test_far_steps_are_larger():
    assert up("training", "batch_size", 64, far=True) == 512
    assert up("training", "epochs", 10, far=True) == 20
    assert up("adam", "lr", 0.001, far=True) == 0.01
    assert up("digits", "val_fraction", 0.2, far=True) == pytest.approx(0.4)


def test_choices_flags_and_none_go_round():
    assert up("training", "order", "shuffled") == "fixed"
    assert down("training", "order", "shuffled") == "sorted"
    assert up("training", "best_metric", "val_ece") is None
    assert up("training", "best_metric", None) == "train_loss"
    assert up("mlp", "bias", True) is False


def test_what_is_not_set_or_no_number_begins_somewhere():
    assert up("training", "clip_norm", None) == 1.0
    assert down("training", "clip_norm", None) is None
    assert up("training", "batch_size", "full") == 64
    assert up("training", "epochs", "many") == 10


def _rows():
    for family, place in (
        (Dataset, "dataset"),
        (Model, "model"),
        (Norm, "model.norm"),
        (Optimizer, "optimizer"),
        (Schedule, "schedule"),
    ):
        for kind in members(family):
            draft = Draft(Experiment())
            draft.change(f"{place}.kind", kind)
            yield from (row for row in draft.rows() if row.section == place and not row.is_kind)
    yield from (row for row in Draft(Experiment()).rows() if not row.is_kind)


@pytest.mark.parametrize("upwards", [True, False])
def test_no_step_leaves_the_bounds(upwards):
    for row in _rows():
        if row.field.type not in ("integer", "number"):
            continue
        for far in (False, True):
            value = row.value
            for _ in range(60):
                value = step(row.field, value, upwards, far)
                if value is None:
                    break
                low, high = row.field.minimum, row.field.maximum
                assert low is None or value > low or (value == low and not row.field.open_minimum), row.path
                assert high is None or value < high or (value == high and not row.field.open_maximum), (
                    row.path
                )
                assert isinstance(value, int) or row.field.type == "number", row.path


def test_a_list_that_was_stepped_down_to_none_begins_again_with_the_default_s_last():
    assert down("mlp", "hidden", (64,)) == []
    assert down("mlp", "hidden", ()) == []
    assert up("mlp", "hidden", []) == [128]
    assert up("mlp", "hidden", "64, no") == "64, no"


def test_a_number_out_of_bounds_begins_anew():
    assert up("training", "epochs", 10**400) == 10
    assert up("adam", "lr", float("inf")) == 0.001
    assert up("adam", "lr", float("nan")) == 0.001
