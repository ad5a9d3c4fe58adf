"""A report as Markdown: tables, lists and code; nothing of a stranger's text comes alive in it."""

import re
from collections.abc import Iterator, Sequence

from normlab import __version__
from normlab.core.quoting import for_markdown
from normlab.exports.study_blocks import (
    Block,
    Bullets,
    Code,
    Drawings,
    Finding,
    Fold,
    Paragraph,
    Report,
    Span,
    Table,
    Text,
    plain,
    shown,
)

_FACES = {"strong": "**", "failure": "**", "emphasis": "*"}


def to_markdown(report: Report) -> bytes:
    """Write the report."""
    parts = [f"# {inline(plain(report.title))}", inline(plain(" · ".join(report.facts)))]
    for section in report.sections:
        parts += [f"## {section.title}", *_blocks(section.blocks)]
    parts.append(f"Written by normlab {__version__}.")
    return ("\n\n".join(filter(None, parts)) + "\n").encode()


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                yield inline(block.text)
            case Bullets():
                yield bullets(block.items)
            case Table():
                yield table(block)
            case Code():
                yield _fenced(block)
            case Finding():
                yield from _finding(block)
            case Drawings():
                yield from _blocks(block.instead)
            case Fold():
                inner = "\n\n".join(_blocks(block.blocks))
                yield f"<details>\n<summary>{block.title}</summary>\n\n{inner}\n\n</details>"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"### {inline(plain(finding.verdict.claim))}"
    yield f"**{finding.verdict.verdict}**"
    yield inline(plain(finding.sentences))
    heads, values = zip(*finding.figures, strict=True) if finding.figures else ((), ())
    if heads:
        yield table(Table([plain(head) for head in heads], [[plain(value) for value in values]]))
    if finding.caveats:
        yield bullets([plain(caveat) for caveat in finding.caveats])


def bullets(items: Sequence[Text]) -> str:
    """Write texts as a list."""
    return "\n".join(f"- {inline(item)}" for item in items)


def table(block: Table) -> str:
    """Write a table whose columns stand in line in the file too."""
    heads = block.heads or [()] * len(block.rows[0])
    rows = [[inline(cell, in_table=True) for cell in row] for row in (heads, *block.rows)]
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    ends = ["-" if place < block.num_texts else ":" for place, _ in enumerate(widths)]
    rule = ["-" * (width - 1) + end for width, end in zip(widths, ends, strict=True)]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (padded[0], rule, *padded[1:]))


def inline(text: Text, in_table: bool = False) -> str:
    """Write text on a line of its own, or in a cell."""
    line = "".join(_span(span, in_table) for span in text).strip()
    # What would begin a list, or a line across the page.
    return line if in_table else re.sub(r"^(\d{0,9})([-+.)])", r"\1\\\2", line)


def _span(span: Span, in_table: bool) -> str:
    if span.style == "mark" or not span.text:
        return ""
    if span.style == "code":
        return _code(span.text, in_table)
    # Word by word, so that only the one with an address in it becomes code.
    words = " ".join(map(for_markdown, span.text.replace("\n", " ").split(" ")))
    face = _FACES.get(span.style, "")
    return f"{face}{words}{face}"


def _code(text: str, in_table: bool) -> str:
    text = " ".join(shown(text).splitlines())
    if in_table:
        text = text.replace("|", "\N{BOX DRAWINGS LIGHT VERTICAL}")
    fence = "`" * (1 + _longest(text))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def _fenced(block: Code) -> str:
    fence = "`" * max(3, 1 + _longest(block.text))
    return f"{fence}{block.language}\n{shown(block.text)}\n{fence}"


def _longest(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
