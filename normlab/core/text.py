"""Text that is safe to store and to show: names come from files that people share."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

# Cc: control characters, ESC among them. Cf: bidi overrides, zero-width joiners. Cs: lone surrogates.
_HIDDEN = frozenset({"Cc", "Cf", "Cs"})


def hidden_characters(text: str, allowed: str = "") -> list[str]:
    """List the control, format and surrogate characters of `text`, as `U+001B`, that aren't `allowed`.

    >>> hidden_characters("red \\x1b[31m")
    ['U+001B']
    """
    return [f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in _HIDDEN and c not in allowed]


def visible(text: str, limit: int = 80) -> str:
    """Make `text` harmless to print: hidden characters become U+XXXX, and what is over `limit` is cut.

    >>> visible("a\\x1b[0m")
    'a\\u27e8U+001B\\u27e9[0m'
    """
    shown = "".join(
        f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in _HIDDEN else c for c in text[: limit + 1]
    )
    return shown if len(text) <= limit else shown[:limit] + "…"


def _refuse_hidden(text: str) -> str:
    if found := hidden_characters(text):
        raise ValueError(f"must not hold the invisible character {found[0]}")
    return text


def _refuse_hidden_but_lines(text: str) -> str:
    if found := hidden_characters(text, allowed="\n\t"):
        raise ValueError(f"must not hold the invisible character {found[0]}")
    return text


Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_refuse_hidden)]
"""One line of visible text: the name of an arm, a title, a column."""

Line = Annotated[str, Field(max_length=400), AfterValidator(_refuse_hidden)]
"""A sentence."""

Prose = Annotated[str, Field(max_length=20_000), AfterValidator(_refuse_hidden_but_lines)]
"""Markdown of several lines."""
