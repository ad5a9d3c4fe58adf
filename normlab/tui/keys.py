"""Keys as data: what the help screen lists, and what the command palette offers."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

from normlab.core.errors import Problem
from normlab.core.parsing import nearest

_SIGNS = {
    "question_mark": "?",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "escape": "esc",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "minus": "-",
    "plus": "+",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
}


def bindings_of(owner: type[DOMNode] | DOMNode) -> Iterator[Binding]:
    """Yield the bindings that normlab's own classes declare, those of the bases last."""
    kind = owner if isinstance(owner, type) else type(owner)
    for base in kind.__mro__:
        if base.__module__.startswith("normlab."):
            yield from _declared(base)


def _declared(kind: type) -> Iterator[Binding]:
    """Yield the bindings that a class declares itself."""
    for binding in vars(kind).get("BINDINGS", ()):
        if isinstance(binding, Binding) and binding.description:
            yield binding


_PLACES = {
    "LabApp": "Everywhere",
    "LabScreen": "Lab",
    "ExperimentForm": "Form",
    "RowList": "Form",
    "ValueInput": "Form, while a value is typed",
    "ModelSummary": "Model, below the form",
    "ChartPane": "Charts",
    "RunsTable": "Runs of this session",
    "StudyScreen": "Study",
    "StudyView": "Study",
    "StudyPlan": "Study: the plan",
    "StudyGrid": "Study: the runs",
    "ClaimForm": "Study: a claim",
    "CompareScreen": "Compare",
    "RunsScreen": "Runs",
    "AnnotateScreen": "Runs",
    "FindScreen": "Runs",
    "FilterLine": "Runs, while a filter is typed",
    "KeptTable": "Runs",
    "RunDetails": "Details of a run",
    "PresetsScreen": "Presets",
    "PresetList": "Presets",
    "SavePreset": "Saving a preset",
    "HelpScreen": "Help",
    "BrowseScreen": "Presets and Help",
    "Dialog": "Dialogs",
    "Confirm": "Questions",
    "QuitQuestion": "Questions",
    "Choose": "Choices",
    "ChoiceRow": "Choices",
    "Read": "Details of a run",
}
"""Names of what declares keys, in the order in which they are told; any other is named after its class."""


@cache
def key_places() -> list[tuple[str, type[DOMNode]]]:
    """Find every class of the lab that declares keys, with the name of its place."""
    names = ["normlab.tui.app"]
    for folder in ("screens", "widgets"):
        package = import_module(f"normlab.tui.{folder}")
        names += [f"{package.__name__}.{module.name}" for module in iter_modules(package.__path__)]
    found = [
        (_PLACES.get(kind.__name__) or _place(kind), kind)
        for name in names
        for kind in vars(import_module(name)).values()
        if isinstance(kind, type) and issubclass(kind, DOMNode) and kind.__module__ == name
        if "BINDINGS" in vars(kind)
    ]
    order = list(dict.fromkeys(_PLACES.values()))
    return sorted(found, key=lambda each: order.index(each[0]) if each[0] in order else len(order))


def _place(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).removesuffix(" Screen").capitalize()


def key_rows(own: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """List (where, key, what it does with its name); `own` holds the keys that somebody has changed."""
    rows: list[tuple[str, str, str]] = []
    for where, kind in key_places():
        for binding in _declared(kind):
            key = own.get(binding.id or "", binding.key)
            said = binding.description if binding.id is None else f"{binding.description} ({binding.id})"
            rows.append((where, show_key(key), said))
    return rows


def show_key(key: str) -> str:
    """Write a key, or several with commas, as it stands on a keyboard.

    >>> show_key("question_mark,f1"), show_key("shift+left"), show_key("T")
    ('? f1', 'shift+←', 'T')
    """

    def one(name: str) -> str:
        *held, last = name.strip().split("+")
        return "+".join([*held, _SIGNS.get(last, last)])

    return " ".join(one(each) for each in key.split(","))


def key_of(app: App[Any], name: str, usual: str) -> str:
    """Give the key that does something, by its name: somebody's own, or the usual one."""
    remembered = getattr(app, "preferences", None)
    own: Mapping[str, str] = remembered.keys if remembered is not None else {}
    return show_key(own.get(name, usual)).split(" ")[0]


def key_problems(own: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with somebody's keys: names of nothing, and keys that would do two things."""
    known = {b.id: (where, b) for where, kind in key_places() for b in _declared(kind) if b.id}
    everywhere = _PLACES["LabApp"]
    for name, keys in own.items():
        if name not in known:
            yield Problem(f"keys.{name}", "is no key's name", f"{nearest(name, known)}; Help lists them")
            continue
        place = known[name][0]
        for other, (where, binding) in known.items():
            shared = set(keys.split(",")) & set(own.get(other, binding.key).split(","))
            near = where == place or everywhere in (where, place)
            if shared and near and other != name and known[name][1].action != binding.action:
                yield Problem(f"keys.{name}", f"is also the key of {other}", "choose another", min(shared))


def commands(nodes: Iterable[DOMNode]) -> Iterator[tuple[DOMNode, Binding]]:
    """Yield each different binding of some nodes, with the first node that has it."""
    seen: set[Any] = set()
    for node in nodes:
        for binding in bindings_of(node):
            name = binding.id or (binding.key, binding.action)
            if name not in seen:
                seen.add(name)
                yield node, binding
