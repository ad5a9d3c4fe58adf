"""What a report is made of, before it is a page or a Markdown file: text, tables, code, drawings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from normlab.analysis.verdict import Verdict
from normlab.core.text import visible

Style = Literal["plain", "quiet", "strong", "emphasis", "code", "failure", "mark"]
"""A "mark" is an arm's sign in the curves: its text is the arm's place, counted from 0."""


@dataclass(frozen=True)
class Span:
    """A stretch of text in one style; untrusted, a writer makes it harmless."""

    text: str
    style: Style = "plain"


Text = tuple[Span, ...]


def shown(text: str) -> str:
    """Show what is hidden in text, but for line breaks and tabs, uncut; still untrusted text."""
    parts = re.split("([\n\t])", text)
    return "".join(part if part in ("\n", "\t") else visible(part, len(part)) for part in parts)


def plain(text: str) -> Text:
    """Take text as it is."""
    return (Span(text),)


def quiet(text: str) -> Text:
    """Take text that stands back."""
    return (Span(text, "quiet"),)


def code(text: str) -> Text:
    """Take text that somebody types, or an id."""
    return (Span(text, "code"),)


def joined(texts: Sequence[Text], between: str = ", ") -> Text:
    """Put texts one after the other.

    >>> [span.text for span in joined([plain("a"), code("b")])]
    ['a', ', ', 'b']
    """
    spans = [span for text in texts for span in (Span(between), *text)]
    return tuple(spans[1:])


@dataclass(frozen=True)
class Paragraph:
    """Text on its own."""

    text: Text


@dataclass(frozen=True)
class Bullets:
    """Texts below each other."""

    items: Sequence[Text]


@dataclass(frozen=True)
class Table:
    """Rows whose first columns are text; figures follow, at the right of their columns."""

    heads: Sequence[Text]
    """Of all columns, the first among them; none where the table needs no head."""
    rows: Sequence[Sequence[Text]]
    num_texts: int = 1
    """Columns of text."""


@dataclass(frozen=True)
class Code:
    """Lines to copy."""

    text: str
    language: str


@dataclass(frozen=True)
class Finding:
    """A claim with its verdict."""

    verdict: Verdict
    sentences: str
    figures: Sequence[tuple[str, str]]
    """What each is called, and it."""
    caveats: Sequence[str] = ()


@dataclass(frozen=True)
class Drawing:
    """A figure as <svg>, for a page."""

    title: str
    svg: str


@dataclass(frozen=True)
class Drawings:
    """Figures with their legend; where there are none, `instead` tells the same."""

    legend: Sequence[Text]
    drawings: Sequence[Drawing]
    instead: "Sequence[Block]"


@dataclass(frozen=True)
class Fold:
    """What few readers need, closed until they ask."""

    title: str
    blocks: "Sequence[Block]"


Block = Paragraph | Bullets | Table | Code | Finding | Drawings | Fold


@dataclass(frozen=True)
class Section:
    """Blocks under a heading."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """A whole report."""

    title: str
    facts: Sequence[str]
    sections: Sequence[Section] = field(default_factory=tuple[Section, ...])
