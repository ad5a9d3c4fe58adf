"""A comparison as text to hand on: Markdown for people, CSV for programs."""

import csv
import io
import re

from normlab.core.text import visible
from normlab.views.comparison import Comparison
from normlab.views.comparison_cells import ABSENT, Row

# What begins a formula in a spreadsheet, the full-width twins that some of them take for the same included.
_FORMULA = tuple("=+-@＝＋－＠")

# What GitHub makes a link or a mention of, be it escaped: addresses, @user, #123.
_LIVE = re.compile(r"[@#]|://|www\.", re.IGNORECASE)


def to_markdown(comparison: Comparison) -> str:
    """Write a comparison as a Markdown table: best values bold, differences to the baseline in brackets.

    Names and values are escaped, so that they neither break the table nor become markup.
    """
    header = ["", *(_escape(arm) for arm in comparison.arms)]
    table = [header, *(_markdown_row(row) for rows in comparison.sections for row in rows)]
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(*table, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in table]
    return "".join(f"| {' | '.join(row)} |\n" for row in (padded[0], rule, *padded[1:]))


def _markdown_row(row: Row) -> list[str]:
    cells = [f"**{cell}**" if cell.is_best else _escape(str(cell)) for cell in row.cells]
    return [row.name, *cells]


def _escape(text: str) -> str:
    """Make text literal in a Markdown table, on one line; as code where it would come alive otherwise."""
    text = _line(text)
    if _LIVE.search(text):
        # Nothing is escaped in code, but a bar would end the cell.
        text = text.replace("|", "\N{BOX DRAWINGS LIGHT VERTICAL}")
        fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
        return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
    return re.sub(r"([\\`*_\[\]<>|~&$])", r"\\\1", text)


def to_csv(comparison: Comparison) -> str:
    """Write a comparison as CSV: a column per arm, numbers unrounded, differences in rows of their own.

    Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["setting", *(_harmless(arm) for arm in comparison.arms)])
    for rows in comparison.sections:
        for row in rows:
            values = [cell.text if cell.value is None else str(cell.value) for cell in row.cells]
            writer.writerow([row.name, *(_harmless(value) for value in values)])
            if any(cell.difference is not None for cell in row.cells):
                differences = ["" if c.difference is None else str(c.difference) for c in row.cells]
                writer.writerow([f"{row.name}, difference", *differences])
    return file.getvalue()


def _harmless(text: str) -> str:
    """Keep a spreadsheet from running text; numbers stay numbers, and what is absent is empty.

    >>> _harmless("=1+1"), _harmless("-0.5")
    ("'=1+1", '-0.5')
    """
    if text == ABSENT:
        return ""
    text = _line(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _line(text: str) -> str:
    """Show what is hidden in text, and keep it on one line whatever else breaks lines."""
    return " ".join(visible(text, 200).splitlines())
