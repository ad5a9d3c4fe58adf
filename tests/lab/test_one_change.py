import pytest

from normlab.core.errors import ConfigError
from normlab.lab.one_change import changes, refuse_confounded
from normlab.lab.presets import Preset


def preset(arms, claims=()):
    return Preset.model_validate(
        {
            "title": "changes",
            "experiment": {"dataset": {"kind": "digits"}},
            "arms": [{"name": name, "set": settings} for name, settings in arms.items()],
            "claims": [
                {"text": "x", "metric": "val_loss", "direction": "lower", **claim} for claim in claims
            ],
        }
    )


BOTH = {"model.norm.kind": "batch", "optimizer.lr": 0.01}


def test_a_change_is_told_apart_from_what_follows_from_it():
    (change,) = changes(preset({"batch norm": {"model.norm.kind": "batch"}}))
    assert [str(each) for each in change.settings] == ["model.norm: none → batch"]
    assert not change.is_confounded
    assert [said for said in change.consequences if said.startswith("parameters: ")]
    assert [said for said in change.consequences if "model.bias: is redundant in front of batch norm" in said]


def test_two_changed_settings_are_confounded():
    (change,) = changes(preset({"both": BOTH}))
    assert change.is_confounded
    assert [each.path for each in change.settings] == ["model.norm", "optimizer.lr"]


def test_an_arm_without_consequences_has_none():
    (change,) = changes(preset({"slower": {"optimizer.lr": 1e-4}}))
    assert change.consequences == ()


def test_strict_refuses_a_confounded_arm_and_names_its_settings():
    with pytest.raises(
        ConfigError, match=r"arm: both: changes 2 settings of baseline: model\.norm, optimizer\.lr; "
    ):
        refuse_confounded(preset({"both": BOTH}))


def test_strict_lets_pass_what_differs_in_one_setting_from_the_arm_it_is_judged_against():
    arms = {"faster": {"optimizer.lr": 0.01}, "both": BOTH}
    with pytest.raises(ConfigError):
        refuse_confounded(preset(arms))
    refuse_confounded(preset(arms, [{"arm": "both", "against": "faster"}]))
    with pytest.raises(ConfigError):
        refuse_confounded(preset(arms, [{"arm": "both"}, {"arm": "both", "against": "faster"}]))
