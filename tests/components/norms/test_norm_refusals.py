import pytest
from pydantic import ValidationError

from normlab.components.norms import Norm
from normlab.core.choice import member, members
from normlab.core.fields import describe

TWO = "leaves two values to normalize together, which become -1 and +1, whatever they are"


def said(kind, shape, batch, last=None, **settings):
    found = member(Norm, kind, **settings).problems(shape, batch, last or batch, "model.norm")
    return [f"{p} (warning)" if p.warning else str(p) for p in found]


@pytest.mark.parametrize("kind", ["batch", "ghost_batch"])
def test_a_batch_that_is_too_small_is_told_at_its_cause(kind):
    one = "leaves a batch of one, and batch norm needs more than one value per channel to train on"
    usual, last = "use batches of 3 or more, or another norm", "use training.last_batch = drop or merge"
    assert said(kind, (16,), 1) == [f"training.batch_size: {one}; {usual}"]
    assert (
        said(kind, (16,), 2) == said(kind, (16,), 2, 1) == [f"training.batch_size: {TWO}; {usual} (warning)"]
    )
    assert said(kind, (16,), 32, 1) == [f"training.last_batch: keep: {one}; {last}"]
    assert said(kind, (16,), 32, 2) == [f"training.last_batch: keep: {TWO}; {last} (warning)"]
    (line,) = said(kind, (16, 1, 2), 1)
    assert "use batches of 2 or more" in line
    assert said(kind, (16, 2, 2), 1) == said(kind, (16,), 32, 3) == []


@pytest.mark.parametrize(
    ("ghost_size", "batch", "last", "remedy"),
    [(16, 18, 18, "15 or 17"), (16, 64, 18, "15 or 17"), (2, 32, 32, "4"), (4, 32, 6, "7")],
)
def test_ghost_batches_of_two_samples_name_the_sizes_that_would_work(ghost_size, batch, last, remedy):
    assert said("ghost_batch", (16,), batch, last, ghost_size=ghost_size) == [
        f"model.norm.ghost_size: {ghost_size}: {TWO}; try {remedy} (warning)"
    ]
    assert said("ghost_batch", (16, 2, 2), batch, last, ghost_size=ghost_size) == []
    for size in remedy.split(" or "):
        assert said("ghost_batch", (16,), batch, last, ghost_size=int(size)) == []


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
@pytest.mark.parametrize("eps", [0.0, 1e-30])
def test_an_eps_that_vanishes_is_no_setting(kind, eps):
    with pytest.raises(ValidationError):
        member(Norm, kind, eps=eps)
