"""The keys that Help lists."""

import ast
from pathlib import Path

import normlab.tui
from normlab.tui.keys import key_rows


def declared():
    """The ids of all bindings in the lab's source."""
    for path in Path(normlab.tui.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Binding":
                yield from (keyword.value.value for keyword in node.keywords if keyword.arg == "id")


def test_every_key_of_the_lab_is_listed_once():
    listed = [said.rpartition("(")[2].removesuffix(")") for _, _, said in key_rows({})]
    assert sorted(listed) == sorted(declared())


def test_keys_stand_together_by_their_place_those_of_every_screen_first():
    places = [where for where, _, _ in key_rows({})]
    blocks = [where for at, where in enumerate(places) if where != places[at - 1]]
    assert len(blocks) == len(set(blocks))
    assert blocks[:3] == ["Everywhere", "Lab", "Form"]
    assert not any(where.endswith("screen") for where in blocks)


def test_a_key_that_somebody_has_changed_is_the_one_listed():
    assert ("Everywhere", "f5", "Run what the form says (run)") in key_rows({"run": "f5"})
