from typing import Annotated

import pytest

from normlab.components.optimizers import Optimizer
from normlab.core.choice import OneOf, Record
from normlab.core.errors import ConfigError
from normlab.core.parsing import parse


class Holder(Record, frozen=True):
    optimizer: Annotated[Optimizer, OneOf()]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"kind": "sgd", "nesterov": True},
            "optimizer.nesterov: true: needs momentum; set momentum above 0, 0.9 say",
        ),
        (
            {"kind": "rprop", "smallest": 0.5, "largest": 0.1},
            "optimizer.largest: 0.1: must be at least smallest, which is 0.5; raise it or lower smallest",
        ),
        (
            {"kind": "rprop", "smallest": 60.0},
            "optimizer.largest: 50.0: must be at least smallest, which is 60; raise it or lower smallest",
        ),
        ({"kind": "adam", "beta1": 1.0}, "optimizer.beta1: 1.0: must be a number at least 0 and below 1"),
        ({"kind": "muon", "lr": -1}, "optimizer.lr: -1: must be a number from 0 to 1000000"),
    ],
)
def test_a_fault_names_its_setting_and_the_remedy(settings, line):
    with pytest.raises(ConfigError) as caught:
        parse(Holder, {"optimizer": settings})
    assert str(caught.value) == line


def test_nesterov_with_momentum_is_fine():
    made = parse(Holder, {"optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": True}})
    assert made.optimizer.model_dump()["nesterov"] is True
