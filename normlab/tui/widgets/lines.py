"""Texts of several lines that somebody else wrote."""

import textwrap

from textual.content import Content

from normlab.core.text import visible


def lines(text: str) -> Content:
    """Make a text of several lines harmless to show, none of it cut."""
    return Content("\n".join(visible(line, len(line)) for line in text.expandtabs(4).split("\n")))


def hanging(text: str, width: int, indent: int, style: str = "", most: int = 100) -> Content:
    """Wrap a sentence to a width, all of its lines indented alike; what is over `most` lines is cut."""
    space = " " * indent
    wrapped = textwrap.wrap(
        visible(text, 2000), max(width, indent + 10), initial_indent=space, subsequent_indent=space,
        max_lines=most, placeholder=" …",
    )  # fmt: skip
    return Content.styled("\n".join(wrapped), style)
