"""Keys as data: what the help screen lists, and what the command palette offers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode

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
            for binding in vars(base).get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.description:
                    yield binding


def key_rows(
    sources: Iterable[tuple[str, type[DOMNode]]], own: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """List (where, key, what it does with its name); `own` holds the keys that somebody has changed."""
    rows: dict[tuple[str, str], tuple[str, str, str]] = {}
    for where, source in sources:
        for binding in bindings_of(source):
            key = own.get(binding.id or "", binding.key)
            said = binding.description if binding.id is None else f"{binding.description} ({binding.id})"
            rows.setdefault((where, binding.description), (where, show_key(key), said))
    return list(rows.values())


def show_key(key: str) -> str:
    """Write a key, or several with commas, as it stands on a keyboard.

    >>> show_key("question_mark,f1"), show_key("shift+left"), show_key("T")
    ('? f1', 'shift+←', 'T')
    """

    def one(name: str) -> str:
        *held, last = name.strip().split("+")
        return "+".join([*held, _SIGNS.get(last, last)])

    return " ".join(one(each) for each in key.split(","))


def commands(nodes: Iterable[DOMNode]) -> Iterator[tuple[DOMNode, Binding]]:
    """Yield each different binding of some nodes, with the first node that has it."""
    seen: set[Any] = set()
    for node in nodes:
        for binding in bindings_of(node):
            name = binding.id or (binding.key, binding.action)
            if name not in seen:
                seen.add(name)
                yield node, binding
