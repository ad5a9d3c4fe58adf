import pytest

from normlab.components.activations import Activation
from normlab.components.datasets import Dataset
from normlab.components.dropouts import Dropout
from normlab.components.inits import Init
from normlab.components.losses import Loss
from normlab.components.models import Model
from normlab.components.norms import Norm
from normlab.components.optimizers import Optimizer
from normlab.components.parametrizations import Parametrization
from normlab.components.schedules import Schedule
from normlab.core.choice import members
from normlab.core.fields import describe
from normlab.lab.experiment import EarlyStopping, Experiment, Training
from normlab.lab.presets import Arm, Claim, Preset, Study

FAMILIES = (
    Activation, Dataset, Dropout, Init, Loss, Model, Norm, Optimizer, Parametrization, Schedule,
)  # fmt: skip
PARTS = [part for family in FAMILIES for part in members(family).values()]
RECORDS = [Experiment, Training, EarlyStopping, Preset, Arm, Study, Claim]


@pytest.mark.parametrize("record", [*PARTS, *RECORDS], ids=lambda record: record.__name__)
def test_every_field_is_described_and_bounded(record):
    for name, field in describe(record).items():
        if name == "kind":
            continue
        assert field.help, f"{record.__name__}.{name} has no docstring"
        assert field.type != "table" or name in ("set", "target"), (
            f"{record.__name__}.{name} is not understood"
        )
        if field.type in ("integer", "number"):
            assert field.minimum is not None, f"{record.__name__}.{name} has no lower bound"
            assert field.maximum is not None, f"{record.__name__}.{name} has no upper bound"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_part_says_what_it_is(part):
    assert part.__doc__
    assert part.__doc__ != part.__mro__[1].__doc__


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_part_is_named_after_its_file(part):
    kind = part.model_fields["kind"].default
    assert part.__module__.rsplit(".", 1)[-1] == kind


def test_a_field_knows_its_words_and_bounds():
    batch_size = describe(Training)["batch_size"]
    assert (batch_size.type, batch_size.choices, batch_size.minimum) == ("integer", ("full",), 1)
    assert describe(Training)["early_stopping"].record is EarlyStopping
    assert describe(Training)["early_stopping"].optional
    assert "group" in describe(type(Experiment().model))["norm"].choices
