"""What is changed in a study's plan."""

import pytest
from support.studies import study

from normlab.core.errors import ConfigError
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.settings import change
from normlab.tui.arms import (
    MAX_NAME,
    add_arm,
    remove_arm,
    rename_arm,
    settings_between,
    with_claims,
    with_seeds,
)

BASE = Experiment()


@pytest.mark.parametrize(
    "settings",
    [
        {"model.norm.kind": "group", "model.norm.groups": 4},
        {"model.norm.kind": "batch"},
        {"model.kind": "residual_mlp"},
        {"optimizer.kind": "sgd", "optimizer.lr": 0.5, "schedule.kind": "step"},
        {"training.early_stopping.patience": 9},
        {"training.early_stopping.patience": 3},
        {"model.hidden": [8, 8, 8]},
        {"training.batch_size": "full", "dataset.kind": "circles"},
    ],
)
def test_settings_make_one_experiment_of_the_other_and_back(settings):
    other = change(BASE, settings)
    assert change(BASE, settings_between(BASE, other)) == other
    assert change(other, settings_between(other, BASE)) == BASE


def test_what_a_new_kind_brings_along_goes_unsaid():
    other = change(BASE, {"model.norm.kind": "group", "model.norm.groups": 4})
    assert settings_between(BASE, other) == {"model.norm.kind": "group", "model.norm.groups": 4}


def test_an_arm_is_named_after_what_it_changes_and_has_the_studys_seed():
    preset = add_arm(
        Preset(title="t", experiment=BASE), change(BASE, {"model.norm.kind": "layer", "seed": 7})
    )
    assert [arm.name for arm in preset.arms] == ["norm = layer"]
    assert preset.arms[0].set == {"model.norm.kind": "layer"}
    assert preset.study.seeds == 10
    two = add_arm(preset, change(BASE, {"model.norm.kind": "batch", "optimizer.lr": 0.1}))
    assert two.arms[1].name == "norm = batch, lr = 0.1"


def test_the_same_arm_is_not_added_twice_and_a_long_or_a_taken_name_is_another_one():
    preset = Preset(title="t", experiment=BASE)
    for same in (BASE, BASE.model_copy(update={"seed": 4})):
        with pytest.raises(ConfigError, match="is the same as baseline"):
            add_arm(preset, same)
    wide = add_arm(preset, change(BASE, {"model.hidden": list(range(1, 60))}))
    assert len(wide.arms[0].name) == MAX_NAME
    again = add_arm(wide, change(BASE, {"model.hidden": list(range(1, 59))}))
    assert again.arms[1].name == f"{again.arms[0].name} (2)"


def test_an_arm_goes_with_its_claims_and_takes_them_to_its_new_name():
    preset = study()
    assert remove_arm(preset, "batch norm").claims == ()
    renamed = rename_arm(preset, "batch norm", "BN")
    assert renamed.claims[0].arm == "BN"
    assert [arm.name for arm in renamed.arms] == ["BN", "layer norm, and a rate"]
    for wrong in ("baseline", "", "\x1b[31m"):
        with pytest.raises(ConfigError):
            rename_arm(preset, "batch norm", wrong)


def test_seeds_keep_the_grid():
    preset = study(more='[study.grid]\n"optimizer.weight_decay" = [0.0, 0.1]\n')
    more = with_seeds(preset, 12)
    assert (more.study.seeds, more.study.grid) == (12, preset.study.grid)
    with pytest.raises(ConfigError, match="study.seeds"):
        with_seeds(preset, 0)


def test_a_claim_about_no_arm_is_refused():
    wrong = {"text": "", "arm": "none such", "metric": "val_loss", "direction": "lower"}
    with pytest.raises(ConfigError, match="none such"):
        with_claims(study(), [wrong])
