import pytest
from pydantic import ValidationError

from normlab.components.norms import Norm
from normlab.core.choice import member, members
from normlab.core.fields import describe


def said(kind, shape, batch, **settings):
    return [str(p) for p in member(Norm, kind, **settings).problems(shape, batch, "model.norm")]


@pytest.mark.parametrize("kind", ["batch", "ghost_batch"])
def test_a_last_batch_of_one_is_refused_on_vectors_but_not_on_maps(kind):
    (line,) = said(kind, (16,), 1)
    assert line.startswith("training.last_batch: leaves a batch of one, and batch norm needs more than one")
    assert "drop or merge" in line
    assert said(kind, (16, 2, 2), 1) == []


def test_group_norm_names_the_groups_that_would_work():
    assert said("group", (16, 3, 3), 8, groups=3) == [
        "model.norm.groups: 3: does not divide 16 channels; try 1, 2, 4, 8 or 16"
    ]
    assert said("group", (13,), 8, groups=4)[0].endswith("; try 1")
    assert said("group", (16,), 8, groups=16)[0].endswith("; try 1, 2 or 4")
    assert said("group", (1,), 8, groups=8)[0].endswith("; try another norm")


@pytest.mark.parametrize(("shape", "where"), [((16,), "vectors"), ((16, 1, 1), "maps of 1x1")])
def test_instance_norm_says_what_it_was_given(shape, where):
    (line,) = said("instance", shape, 8)
    assert line.startswith("model.norm.kind: instance: needs several positions per channel")
    assert where in line


def test_a_ghost_batch_of_one_is_no_setting():
    with pytest.raises(ValidationError):
        member(Norm, "ghost_batch", ghost_size=1)


@pytest.mark.parametrize("kind", [k for k, part in members(Norm).items() if "eps" in describe(part)])
def test_an_eps_of_zero_is_no_setting(kind):
    with pytest.raises(ValidationError):
        member(Norm, kind, eps=0.0)
