"""TOML that strangers wrote: bounded before it is parsed, and changed without losing comments."""

import re
import tomllib
from typing import Any

from normlab.core.errors import ConfigError, Problem

MAX_DEPTH = 8
MAX_DOTS = 8

# Strings and comments, whose brackets and dots don't count.
_OPAQUE = re.compile(
    r'"""(?:\\.|(?!""")[^\\])*"{3,5}'  # a string of three quotes may end in up to two of its own
    r"|'''(?:(?!''').)*'{3,5}"
    r'|"(?:\\[^\n]|[^"\\\n])*"'
    r"|'[^'\n]*'|#[^\n]*",
    re.DOTALL,
)


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML text, once its nesting and its keys are known to be small.

    The standard parser takes seconds and gigabytes for one dotted key of 64 kB.

    Raises: ConfigError with the line that is wrong.
    """
    depth = dots = line = 0
    for char in _OPAQUE.sub("''", text):
        match char:
            case "[" | "{":
                depth, dots = depth + 1, 0
            case "]" | "}":
                depth -= 1
            case ".":
                dots += 1
            case "=" | "," | "\n":
                dots = 0
                line += char == "\n"
            case _:
                pass
        if depth > MAX_DEPTH or dots > MAX_DOTS:
            what = "brackets nested" if depth > MAX_DEPTH else "a key with dots"
            raise ConfigError(
                Problem(f"line {line + 1}", f"has {what} more than {MAX_DEPTH} deep", "simplify it")
            )
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise ConfigError(Problem("the file", f"is not valid TOML: {error}", "mend that line")) from None


def update_toml(text: str, tree: dict[str, Any]) -> str:
    """Write `tree` as TOML over `text`: what is equal stays as it stands, comments included."""
    import tomlkit

    document = tomlkit.parse(text)
    _merge(document, tree, depth=0)
    return tomlkit.dumps(document)


def _merge(table: Any, tree: dict[str, Any], depth: int) -> None:
    for key in [key for key in table if key not in tree]:
        del table[key]
    for key, value in tree.items():
        old = table.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            _merge(old, value, depth + 1)
        elif _tables(value) and _tables(old):
            for before, after in zip(old, value, strict=False):
                _merge(before, after, depth + 1)
            for item in value[len(old) :]:
                old.append(_item(item, depth=2))
            del old[len(value) :]
        elif old != value:
            table[key] = _item(value, depth + 1)


def _tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _item(value: Any, depth: int) -> Any:
    """Make tables down to [experiment.model], and inline ones below; lists of tables as [[arms]]."""
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.table() if depth <= 2 else tomlkit.inline_table()
        for key, item in value.items():
            table[key] = _item(item, depth + 1)
        return table
    if _tables(value):
        array = tomlkit.aot()
        for item in value:
            array.append(_item(item, depth=2))
        return array
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    return value
