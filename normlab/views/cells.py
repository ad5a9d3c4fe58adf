"""A drawing's cells: marks, lines of braille dots and axes around them, and how they are written."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby

Cell = tuple[str, str | None]
"""A character (in a legend, a text) and its colour: #rrggbb, or a number of the terminal's own 256; none
for the text's."""

# What a poor font lacks, and what stands for it.
ASCII = str.maketrans("─│┌┐└┘┤├┬┴┼★▲", "-|+++++++++$^")

# Bits of a braille character's two columns, by which of their four dots are set.
_LEFT, _RIGHT = (
    [sum(bit for place, bit in enumerate(bits) if dots >> place & 1) for dots in range(16)]
    for bits in ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
)


class Canvas:
    """Cells in columns and rows, counted from the upper left; a place is a fraction of a cell too."""

    def __init__(self, num_columns: int, num_rows: int) -> None:
        self.num_columns, self.num_rows = num_columns, num_rows
        self.cells: list[list[Cell]] = [[(" ", None)] * num_columns for _ in range(num_rows)]

    def put(self, x: float, y: float, cell: Cell) -> None:
        """Put a cell at a place; outside it is not seen."""
        if 0 <= x < self.num_columns and 0 <= y < self.num_rows:
            self.cells[math.floor(y)][math.floor(x)] = cell

    def draw(
        self,
        points: Iterable[tuple[float, float]],
        hue: str,
        letter: str | None = None,
        faint: bool = False,
    ) -> None:
        """Join places, from left to right, by straight lines of braille dots; nan leaves a gap.

        With `letter`, each cell with a dot shows that instead. A faint line has every other dot only.
        """
        columns = [0] * (2 * self.num_columns)  # a dot's column each, its dots as bits from above
        last_dot = 4 * self.num_rows - 1
        before: tuple[float, float] | None = None
        for column, row in points:
            x, y = 2 * column, 4 * row
            if not math.isfinite(y):
                before = None
                continue
            x0, y0 = before or (x, y)
            before = x, y
            slope = (y - y0) / (x - x0) if x > x0 else 0.0
            for place in range(max(math.floor(x0), 0), min(math.floor(x) + 1, len(columns))):
                start = y0 + slope * (max(place, x0) - x0)
                end = y0 + slope * (place + 1 - x0) if place + 1 < x else y
                # The dot in the middle, and those whose own middle the line passes.
                middle, (low, high) = math.floor((start + end) / 2), sorted((start, end))
                top = max(min(middle, math.ceil(low - 0.5)), 0)
                bottom = min(max(middle, math.ceil(high - 0.5) - 1), last_dot)
                if top <= bottom:
                    columns[place] |= (2 << bottom) - (1 << top)
        if faint:
            columns = [dots if place % 2 else 0 for place, dots in enumerate(columns)]
        self._paint(columns, hue, letter)

    def fill(self, points: Iterable[tuple[float, float, float]], hue: str, letter: str | None = None) -> None:
        """Fill the area between two lines, from left to right, sparsely: x, and the rows of its ends.

        A row of nan leaves a gap. With `letter`, every other cell shows that instead.
        """
        columns = [0] * (2 * self.num_columns)
        num_dots = 4 * self.num_rows
        before: tuple[float, float, float] | None = None
        for column, above, below in points:
            x, top, bottom = 2 * column, 4 * above, 4 * below
            if math.isnan(top) or math.isnan(bottom):
                before = None
                continue
            x0, top0, bottom0 = before or (x, top, bottom)
            before = x, top, bottom
            for place in range(max(math.floor(x0), 0), min(math.floor(x) + 1, len(columns))):
                share = min(max((place + 0.5 - x0) / (x - x0), 0.0), 1.0) if x > x0 else 1.0
                first = math.floor(min(max(top0 + share * (top - top0), 0), num_dots))
                last = math.ceil(min(max(bottom0 + share * (bottom - bottom0), 0), num_dots))
                columns[place] |= ((1 << last) - (1 << min(first, last))) & _sparse(place, num_dots)
        self._paint(columns, hue, letter)

    def _paint(self, columns: Sequence[int], hue: str, letter: str | None) -> None:
        for column in range(self.num_columns):
            left, right = columns[2 * column], columns[2 * column + 1]
            for row in range((left | right).bit_length() + 3 >> 2):
                if bits := _LEFT[left >> 4 * row & 15] | _RIGHT[right >> 4 * row & 15]:
                    before, color = self.cells[row][column]
                    if color == hue and "\u2800" < before <= "\u28ff":  # a line within an area of its hue
                        bits |= ord(before) - 0x2800
                    self.cells[row][column] = letter or chr(0x2800 + bits), hue

    def framed(
        self, y_labels: Mapping[int, str], x_labels: Sequence[tuple[int, str]], ascii: bool, box: bool = False
    ) -> list[list[Cell]]:
        """Give the cells with axes at the left and below, or all around, a line each.

        Labels are by row and by column; of those below, the ones that have room are shown.
        """
        gutter = max(map(len, y_labels.values()), default=0)
        below, axis = [" "] * self.num_columns, ["─"] * self.num_columns
        end = -1
        for column, label in x_labels:
            column = min(column, self.num_columns - 1)
            start = max(min(column - len(label) // 2, self.num_columns - len(label)), 0)
            if start > end:
                axis[column], end = "┬", start + len(label)
                below[start:end] = label
        sides = [
            f"{y_labels[row]:>{gutter}}┤" if row in y_labels else " " * gutter + "│"
            for row in range(self.num_rows)
        ]
        right = _cells("│", ascii) if box else []
        lines = [[*_cells(side, ascii), *row, *right] for side, row in zip(sides, self.cells, strict=True)]
        if box:
            lines.insert(0, _cells(" " * gutter + "┌" + "─" * self.num_columns + "┐", ascii))
        lines.append(_cells(" " * gutter + "└" + "".join(axis) + "┘" * box, ascii))
        return [*lines, _cells(" " * (gutter + 1) + "".join(below), ascii)]


@cache
def _sparse(column: int, num_dots: int) -> int:
    """Choose the dots of a column that an area is filled with: one of four, shifted from column to column."""
    if column % 2:
        return 0
    return sum(1 << row for row in range(column // 2 % 2, num_dots, 2))


def _cells(text: str, ascii: bool) -> list[Cell]:
    return [(letter, None) for letter in (text.translate(ASCII) if ascii else text)]


def encode(cells: Sequence[Cell], color: bool) -> str:
    """Write cells as a line, with the escape sequences of their colours."""
    if not color:
        return "".join(letter for letter, _ in cells).rstrip()
    parts: list[str] = []
    for hue, run in groupby(cells, key=lambda cell: cell[1]):
        text = "".join(letter for letter, _ in run)
        parts.append(f"\x1b[38;{_code(hue)}m{text}\x1b[0m" if hue else text)
    return "".join(parts).rstrip()


def _code(hue: str) -> str:
    return "2;" + ";".join(map(str, rgb(hue))) if hue.startswith("#") else f"5;{hue}"


def rgb(color: str) -> tuple[int, int, int]:
    """Part #rrggbb into red, green and blue."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
