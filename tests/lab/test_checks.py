import pytest

from normlab.core.errors import ConfigError
from normlab.lab.checks import check
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

BASE = Experiment()


def refusals(settings):
    with pytest.raises(ConfigError) as caught:
        check(change(BASE, settings))
    return str(caught.value).splitlines()


def test_the_default_experiment_has_nothing_to_complain_of():
    assert check(BASE) == []


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        (
            {"model.norm.kind": "batch", "training.batch_size": 32, "dataset.train_samples": 513},
            "training.last_batch: keep: leaves a batch of one",
        ),
        (
            {"model.norm.kind": "batch", "training.batch_size": 1},
            "training.batch_size: leaves a batch of one",
        ),
        (
            {"model.norm.kind": "group", "model.norm.groups": 3},
            "model.norm.groups: 3: does not divide 128 channels",
        ),
        ({"model.norm.kind": "group", "model.norm.groups": 128}, "model.norm.groups: 128: leaves one value"),
        ({"model.norm.kind": "instance"}, "model.norm.kind: instance: "),
        ({"model.dropout.kind": "dropout2d"}, "model.dropout.kind: dropout2d: "),
        (
            {"model.dropout.kind": "drop_path"},
            "model.dropout.kind: drop_path: acts on residual branches, and has no place in mlp",
        ),
        ({"dataset.kind": "noisy_line"}, "loss.kind: cross_entropy: "),
        ({"loss.kind": "mse"}, "loss.kind: mse: "),
        ({"loss.kind": "bce"}, "loss.kind: bce: "),
        ({"dataset.kind": "circles", "model.kind": "cnn"}, "model.kind: cnn: takes images"),
        ({"dataset.kind": "circles", "model.kind": "resnet18"}, "model.kind: resnet18: takes images"),
        ({"model.kind": "cnn", "model.kernel": 4}, "model.kernel: 4: must be odd"),
        (
            {"training.batch_size": 2000, "training.last_batch": "drop"},
            "training.batch_size: 2000: is more than",
        ),
        ({"training.best_metric": "val_rmse"}, "training.best_metric: val_rmse: is not measured here"),
        (
            {"dataset.val_fraction": 0.0, "training.early_stopping.metric": "val_loss"},
            "training.early_stopping.metric: val_loss: is not measured here",
        ),
        (
            {"model.norm.kind": "group", "model.hidden": [16, 12]},
            "model.norm.groups: 8: does not divide 12 channels",
        ),
        (
            {"model.init.kind": "zero", "model.parametrization.kind": "weight_norm"},
            "model.init.kind: zero: gives weight_norm weights of 0",
        ),
        (
            {
                "dataset.kind": "noisy_line",
                "loss.kind": "mse",
                "model.parametrization.kind": "weight_standardization",
            },
            "model.parametrization.kind: weight_standardization: ",
        ),
        ({"optimizer.kind": "lbfgs", "training.precision": "float16"}, "training.precision: float16: "),
        ({"training.best_metric": "val_ece"}, "training.best_metric: val_ece: is not measured here"),
        (
            {"training.calibration": True, "dataset.kind": "noisy_line", "loss.kind": "mse"},
            "training.calibration: true: is measured on validation data with classes",
        ),
        (
            {"training.calibration": True, "dataset.val_fraction": 0.0},
            "training.calibration: true: is measured on validation data with classes",
        ),
        (
            {"training.evaluation_mode": "train", "dataset.val_samples": 1, "dataset.stratified": False},
            "training.evaluation_mode: train: needs a batch of validation samples, and there is one",
        ),
        (
            {"training.evaluation_mode": "train", "dataset.val_fraction": 0.0},
            "training.evaluation_mode: train: needs a batch of validation samples, and there are none",
        ),
        ({"dataset.kind": "circles", "dataset.val_contrast": {}}, "dataset.val_contrast: is for images"),
        (
            {"model.head_norm": True, "model.norm.kind": "group"},
            "model.norm.groups: 8: does not divide 10 channels; try 1 or 2",
        ),
        ({"schedule.warmup_steps": 10_000}, "schedule.warmup_steps: 10000: "),
        (
            {"model.kind": "plain", "model.depth": 10_000, "model.width": 100_000},
            "model: plain: would need about ",
        ),
        (
            {"dataset.kind": "circles", "dataset.samples": 10**9},
            "dataset: circles: would need ",
        ),
        (
            {"dataset.val_samples": 1797},
            "dataset.val_samples: 1797: asks for 0 samples to train on and 1797 to hold out",
        ),
        (
            {"dataset.train_samples": 1790},
            "dataset.train_samples: 1790: asks for 1790 samples to train on and 539 to hold out, of 1797",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused_at_their_path(settings, start):
    found = refusals(settings)
    assert len(found) == 1, found
    assert found[0].startswith(start)
    assert "; " in found[0], "a refusal names a remedy"


def test_each_setting_is_told_once_however_many_layers_it_concerns():
    assert len(refusals({"model.hidden": [30, 31, 32, 33], "model.norm.kind": "group"})) == 1


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"model.norm.kind": "batch"}, "model.bias"),
        ({"optimizer.kind": "rprop", "schedule.kind": "cosine"}, "schedule.kind"),
        ({"model.norm.kind": "batch", "training.batch_size": 2, "model.bias": False}, "training.batch_size"),
        (
            {
                "model.norm.kind": "batch",
                "model.bias": False,
                "training.batch_size": 32,
                "training.last_batch": "keep",
                "dataset.train_samples": 514,
            },
            "training.last_batch",
        ),
    ],
)
def test_odd_settings_are_warned_of(settings, path):
    settings = {"training.last_batch": "drop", **settings}
    assert [warning.path for warning in check(change(BASE, settings))] == [path]


def test_a_head_without_a_choice_of_its_own_is_not_warned_of():
    settings = {"model.head_norm": True, "model.norm.kind": "batch", "model.bias": False}
    assert check(change(BASE, settings)) == []


def test_a_calibration_error_that_is_measured_can_pick_the_best():
    assert check(change(BASE, {"training.calibration": True, "training.best_metric": "val_ece"})) == []


def test_a_single_merged_batch_is_judged_by_its_own_size():
    settings = {
        "dataset.train_samples": 3,
        "dataset.stratified": False,
        "training.batch_size": 2,
        "training.last_batch": "merge",
        "model.norm.kind": "batch",
        "model.bias": False,
    }
    assert check(change(BASE, settings)) == []
