"""What holds for every part of every family; a new member is covered with no edit."""

import tomllib
from operator import attrgetter

import pytest
import tomlkit
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

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
from normlab.lab.presets import Preset
from normlab.lab.study import Arm, Claim, Study

FAMILIES = (
    Activation, Dataset, Dropout, Init, Loss, Model, Norm, Optimizer, Parametrization, Schedule,
)  # fmt: skip
PARTS = [part for family in FAMILIES for part in members(family).values()]
RECORDS = [Experiment, Training, EarlyStopping, Preset, Arm, Study, Claim]

every_part = pytest.mark.parametrize("part", PARTS, ids=attrgetter("__name__"))


def values(field):
    """Draw what a field allows; a few sizes stand for all lists."""
    found = st.sampled_from(field.choices) if field.choices else st.nothing()
    match field.type:
        case "flag":
            found = st.booleans()
        case "integer":
            found |= st.integers(field.minimum, field.maximum)
        case "number":
            low, high = field.minimum, field.maximum
            found |= st.floats(low, high, exclude_min=field.open_minimum, exclude_max=field.open_maximum)
        case "text":
            found |= st.text("abcxyz", min_size=1, max_size=8)
        case "list":
            found = st.lists(values(field.item), min_size=1, max_size=4, unique=True).map(sorted).map(tuple)
        case "part":
            found = st.sampled_from(list(members(field.family).values())).flatmap(instances)
        case "record":
            found = instances(field.record)
        case _:
            pass
    return found | st.none() if field.optional else found


def instances(record):
    fields = {name: field for name, field in describe(record).items() if name != "kind"}
    required = {name: values(field) for name, field in fields.items() if field.required}
    optional = {name: values(field) for name, field in fields.items() if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda drawn: build(record, drawn))


def build(record, drawn):
    try:
        return record(**drawn)
    except ValidationError:  # settings that exclude each other
        reject()


@every_part
@settings(max_examples=20)
@given(data=st.data())
def test_every_part_survives_json_and_toml(part, data):
    drawn = data.draw(instances(part))
    assert part.model_validate_json(drawn.model_dump_json()) == drawn
    table = tomllib.loads(tomlkit.dumps(drawn.model_dump(exclude_none=True)))
    assert part.model_validate(table) == drawn


@pytest.mark.parametrize("record", [*PARTS, *RECORDS], ids=attrgetter("__name__"))
def test_every_field_is_described_and_bounded(record):
    for name, field in describe(record).items():
        if name == "kind":
            continue
        assert field.help, f"{record.__name__}.{name} has no docstring"
        assert field.type != "table" or name in ("set", "target", "grid", "where"), (
            f"{record.__name__}.{name} is not understood"
        )
        if field.type in ("integer", "number"):
            assert field.minimum is not None, f"{record.__name__}.{name} has no lower bound"
            assert field.maximum is not None, f"{record.__name__}.{name} has no upper bound"


@every_part
def test_every_setting_has_a_default_but_the_place_of_a_users_own_data(part):
    assert [name for name, field in describe(part).items() if field.required and name != "path"] == []


@every_part
def test_every_part_says_what_it_is(part):
    assert part.__doc__ != part.__mro__[1].__doc__
    assert len(part.__doc__.strip().splitlines()[0]) < 110


@pytest.mark.parametrize("family", [Norm, Dropout, Activation, Init, Parametrization, Optimizer])
def test_every_computation_is_a_formula_or_has_a_source(family):
    for part in members(family).values():
        assert "=" in part.__doc__ or "Source:" in part.__doc__


@every_part
def test_every_part_is_named_after_its_file(part):
    assert part.__module__.rsplit(".", 1)[-1] == part.model_fields["kind"].default
