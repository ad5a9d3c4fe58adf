"""A comparison as text to hand on: Markdown for people, CSV for programs."""

import csv
import io

from normlab.core.quoting import for_csv, for_markdown
from normlab.views.comparison import Comparison
from normlab.views.comparison_cells import ABSENT, Cell, Row


def to_markdown(comparison: Comparison) -> str:
    """Write a comparison as a Markdown table: best values bold, differences to the baseline in brackets.

    Names and values are escaped, so that they neither break the table nor become markup.
    """
    header = ["", *(for_markdown(arm) for arm in comparison.arms)]
    table = [header, *(_markdown_row(row) for rows in comparison.sections for row in rows)]
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(*table, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in table]
    return "".join(f"| {' | '.join(row)} |\n" for row in (padded[0], rule, *padded[1:]))


def _markdown_row(row: Row) -> list[str]:
    cells = [f"**{cell}**" if cell.is_best else for_markdown(str(cell)) for cell in row.cells]
    return [row.name, *cells]


def to_csv(comparison: Comparison) -> str:
    """Write a comparison as CSV: a column per arm, numbers unrounded, differences in rows of their own.

    Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["setting", *(for_csv(arm) for arm in comparison.arms)])
    for rows in comparison.sections:
        for row in rows:
            values = [_csv_value(cell) for cell in row.cells]
            writer.writerow([row.name, *(for_csv(value) for value in values)])
            if any(cell.difference is not None for cell in row.cells):
                differences = ["" if c.difference is None else str(c.difference) for c in row.cells]
                writer.writerow([f"{row.name}, difference", *differences])
    return file.getvalue()


def _csv_value(cell: Cell) -> str:
    if cell.value is not None:
        return str(cell.value)
    return "" if cell.text == ABSENT else cell.text
