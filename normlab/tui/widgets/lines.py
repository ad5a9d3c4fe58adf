"""Texts of several lines that somebody else wrote."""

from textual.content import Content

from normlab.core.text import visible


def lines(text: str) -> Content:
    """Make a text of several lines harmless to show, none of it cut."""
    return Content("\n".join(visible(line, len(line)) for line in text.expandtabs(4).split("\n")))
