"""What holds for every part that a layer is made of; a new member is covered with no edit."""

import tomllib

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from normlab.components.activations import Activation
from normlab.components.dropouts import Dropout
from normlab.components.inits import Init
from normlab.components.norms import Norm
from normlab.components.parametrizations import Parametrization
from normlab.core.choice import members
from normlab.core.fields import describe

FAMILIES = [Norm, Dropout, Activation, Init, Parametrization]
PARTS = [part for family in FAMILIES for part in members(family).values()]

every_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)


def values(field):
    """Draw what a field allows."""
    words = st.sampled_from(field.choices) if field.choices else st.nothing()
    match field.type:
        case "choice":
            return words
        case "flag":
            return st.booleans()
        case "integer":
            return st.integers(field.minimum, field.maximum) | words
        case "number":
            low, high = field.minimum, field.maximum
            floats = st.floats(low, high, exclude_min=field.open_minimum, exclude_max=field.open_maximum)
            return floats | words


def settings_of(part):
    drawn = {name: values(field) for name, field in describe(part).items() if name != "kind"}
    return st.fixed_dictionaries({}, optional=drawn)


@every_part
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_part_survives_json_and_toml(part, data):
    drawn = part(**data.draw(settings_of(part)))
    assert part.model_validate_json(drawn.model_dump_json()) == drawn
    table = tomllib.loads(tomlkit.dumps(drawn.model_dump(exclude_none=True)))
    assert part.model_validate(table) == drawn


@every_part
def test_every_part_says_what_it_computes(part):
    assert "=" in part.__doc__ or "Source:" in part.__doc__
    assert len(part.__doc__.strip().splitlines()[0]) < 110


@every_part
def test_every_setting_is_documented_and_every_number_bounded(part):
    for name, field in describe(part).items():
        if name == "kind":
            continue
        assert field.help, name
        assert not field.required, name
        if field.type in ("integer", "number"):
            assert field.minimum is not None, name
            assert field.maximum is not None, name
