"""A report as one page of HTML: light or dark, fit to print, opened without a network."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from normlab.exports.page import framed, mark, section, whole_page
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
    shown,
)
from normlab.exports.study_strip import strip

_NEGATIVE = re.compile(r"(?<![\w.,-])-(?=[\d.∞])")
_TAGS = {"strong": "strong", "emphasis": "em"}


def to_html(report: Report) -> bytes:
    """Write the report; all text in it is escaped."""
    sections = (section(escape(each.title), "\n".join(_blocks(each.blocks))) for each in report.sections)
    return whole_page(report.title, " · ".join(report.facts), sections)


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                yield f"<p>{_text(block.text)}</p>"
            case Bullets():
                yield _bullets(block.items)
            case Table():
                yield _table(block)
            case Code():
                yield f"<pre><code>{escape(shown(block.text))}</code></pre>"
            case Finding():
                yield _finding(block)
            case Drawings():
                yield from _drawings(block)
            case Fold():
                inner = "\n".join(_blocks(block.blocks))
                yield f"<details>\n<summary>{escape(block.title)}</summary>\n{inner}\n</details>"


def _bullets(items: Sequence[Text]) -> str:
    return f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in items)}</ul>"


def _table(table: Table) -> str:
    rows = "".join(f"<tr>{_row(row, table.num_texts)}</tr>\n" for row in table.rows)
    head = f"<thead><tr>{_row(table.heads, table.num_texts, 'th')}</tr></thead>\n" if table.heads else ""
    return framed(f"{head}<tbody>\n{rows}</tbody>", "told")


def _row(row: Sequence[Text], num_texts: int, tag: str = "td") -> str:
    first, *others = map(_text, row)
    kinds = ["" if place < num_texts else ' class="number"' for place in range(1, len(row))]
    cells = (f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, others, strict=True))
    kind = ' class="long"' if sum(len(span.text) for span in row[0]) > 40 else ""
    return f"<th{kind}>{first}</th>{''.join(cells)}"


def _finding(finding: Finding) -> str:
    verdict = finding.verdict
    kind = verdict.verdict.partition(" ")[0].rstrip(":")
    figures = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{_shown(value)}</dd></div>" for name, value in finding.figures
    )
    return "\n".join(
        (
            f'<article class="finding {kind}">',
            f'<p class="word">{escape(verdict.verdict)}</p>',
            f"<h3>{escape(shown(verdict.claim))}</h3>",
            f"<p>{_shown(finding.sentences)}</p>",
            strip(verdict),
            f"<dl>{figures}</dl>" if figures else "",
            *(f'<p class="quiet">{_shown(caveat)}</p>' for caveat in finding.caveats),
            "</article>",
        )
    )


def _drawings(block: Drawings) -> Iterator[str]:
    if not block.drawings:
        yield from _blocks(block.instead)
        yield "<p class=\"quiet\">The curves are drawn where matplotlib is: pip install 'normlab[plots]'.</p>"
        return
    yield f'<ul class="legend">{"".join(f"<li>{_text(item)}</li>" for item in block.legend)}</ul>'
    figures = "".join(
        f"<figure><figcaption>{escape(shown(each.title))}</figcaption>{each.svg}</figure>\n"
        for each in block.drawings
    )
    yield f'<div class="curves">\n{figures}</div>'


def _text(text: Text) -> str:
    return "".join(map(_span, text))


def _span(span: Span) -> str:
    if span.style == "mark":
        return mark(int(span.text))
    text = _shown(span.text)
    if span.style in ("quiet", "failure"):
        return f'<span class="{span.style}">{text}</span>'
    if span.style == "code":
        return f"<code>{escape(shown(span.text))}</code>"
    tag = _TAGS.get(span.style)
    return f"<{tag}>{text}</{tag}>" if tag else text


def _shown(text: str) -> str:
    return _NEGATIVE.sub("\N{MINUS SIGN}", escape(shown(text)))
