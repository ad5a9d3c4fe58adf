"""A preset's words, which are Markdown of strangers: its paragraphs, lists and emphasis, and no more."""

import re
from collections.abc import Iterator

from normlab.exports.study_blocks import Block, Bullets, Code, Paragraph, Span, Text

_ITEM = re.compile(r"\s{0,3}(?:[-*+]|\d{1,9}[.)])\s+(.*)")
_SPAN = re.compile(
    r"(?P<ticks>(?<!`)`+(?!`))(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|\*\*(?P<strong>[^*]+)\*\*"
    r"|\*(?P<emphasis>[^*\s][^*]*)\*"
    r"|!?\[(?P<name>[^\]]*)\]\((?P<place>[^)\s]*)[^)]*\)"
)


def prose(text: str) -> Iterator[Block]:
    """Yield what a text in Markdown says; a link is its words and its address, and goes nowhere."""
    for part in re.split(r"\n(?:[ \t]*\n)+", text.strip("\n")):
        lines = part.expandtabs(4).splitlines()
        if lines and all(line.startswith("    ") for line in lines):
            yield Code("\n".join(line[4:] for line in lines), "text")
        elif lines and lines[0].startswith("```"):
            yield Code("\n".join(line for line in lines[1:] if not line.startswith("```")), "text")
        else:
            yield from _paragraph(lines)


def _paragraph(lines: list[str]) -> Iterator[Block]:
    loose: list[str] = []
    items: list[list[str]] = []
    for line in lines:
        if found := _ITEM.fullmatch(line):
            items.append([found[1]])
        else:
            (items[-1] if items else loose).append(re.sub(r"^#{1,6}\s+", "", line))
    if loose:
        yield Paragraph(spans(loose))
    if items:
        yield Bullets([spans(item) for item in items])


def spans(lines: list[str]) -> Text:
    """Read the emphasis and the code in lines, which become one.

    >>> [(span.text, span.style) for span in spans(["is it", "*better* in `eval`?"])]
    [('is it ', 'plain'), ('better', 'emphasis'), (' in ', 'plain'), ('eval', 'code'), ('?', 'plain')]
    """
    text = " ".join(" ".join(lines).split())
    found: list[Span] = []
    end = 0
    for match in _SPAN.finditer(text):
        found.append(Span(text[end : match.start()]))
        end = match.end()
        groups = match.groupdict()
        if groups["code"]:
            found.append(Span(groups["code"].strip(), "code"))
        elif groups["strong"]:
            found.append(Span(groups["strong"], "strong"))
        elif groups["emphasis"]:
            found.append(Span(groups["emphasis"], "emphasis"))
        else:
            found.append(Span(f"{groups['name']} ({groups['place']})"))
    found.append(Span(text[end:]))
    return tuple(span for span in found if span.text)
