"""Short names of cells: whatever is cut, they are told apart."""

import pytest

from normlab.lab.presets import Preset
from normlab.views.study_names import short_names

PAIRED = {"training.batch_size, optimizer.lr": [[4, 0.1], [16, 0.1], [32, 0.2]]}
PRODUCT = {"training.batch_size": [4, 32], "optimizer.lr": [0.1, 0.2]}


def cells(grid=None, arms=("group norm",)):
    tree = [{"name": name, "set": {"model.hidden": [8 + i]}} for i, name in enumerate(arms)]
    study = {"seeds": 1, "grid": grid or {}}
    return Preset.model_validate({"title": "x", "experiment": {}, "arms": tree, "study": study}).cells


def last(names):
    return list(names.of.values())[-1]


def test_where_there_is_room_names_stand_in_full():
    found = cells(PAIRED)
    names = short_names(found, 60)
    assert names.heading == ""
    assert names.of == {cell.name: cell.name for cell in found}


def test_what_tells_nothing_apart_goes_first():
    names = short_names(cells(PAIRED), 28)
    assert last(names) == "group norm · batch_size = 32"
    assert names.heading == ""


def test_then_the_settings_move_into_the_heading():
    names = short_names(cells(PRODUCT), 24)
    assert last(names) == "group norm · 32, 0.2"
    assert names.heading == "arm · batch_size, lr"


@pytest.mark.parametrize(
    "arms",
    [
        ["a very long name of an arm that ends in 1", "a very long name of an arm that ends in 2"],
        ["1 begins a very long name of an arm", "2 begins a very long name of an arm"],
        ["left: a long, long name: here", "left: a long, long name: there", "right: a long, long name: here"],
    ],
)
@pytest.mark.parametrize("grid", [None, PAIRED, PRODUCT])
def test_at_last_arms_are_cut_where_they_are_still_told_apart(grid, arms):
    found = cells(grid, arms)
    names = short_names(found, 24)
    assert names.width <= 24
    assert len(set(names.of.values())) == len(found)
    for cell in found:
        values = ", ".join(str(value) for path, value in cell.point.items() if grid is PRODUCT)
        assert names.of[cell.name].endswith(values)
