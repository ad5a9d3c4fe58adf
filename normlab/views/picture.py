"""Pictures of what a model answers: a curve over samples, or a plane parted by class or shaded by value.

The cells are written here: plotext has no surfaces, and its one figure is shared by all.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from normlab.engine.events import Probed
from normlab.views.chart import ASCII

# What fills a class's part of the plane without colour: light, so that letters stand out.
_FILLS = ".:-~,;'="
# Values from low to high, without colour.
_SHADES = ".:-=+*#"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Bits of a braille character: two columns of four dots each, from above.
_BRAILLE = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))

Cell = tuple[str, str | None]
"""A character (in a legend, a text) and its colour, #rrggbb; none for the text's own."""


@dataclass(frozen=True)
class _Style:
    train_color: str
    val_color: str
    hues: Sequence[str]
    color: bool
    ascii: bool

    def hue(self, number: float) -> str:
        return self.hues[int(number) % len(self.hues)]

    @property
    def marks(self) -> tuple[str, str]:
        """Of training and of validation samples."""
        return ("o", "x") if self.ascii else ("•", "x")


def draw_picture(
    probed: Probed,
    train_color: str,
    val_color: str,
    hues: Sequence[str],
    width: int,
    height: int,
    color: bool,
    ascii: bool,
) -> str:
    """Draw what a model answers, as exactly `height` lines of at most `width` columns.

    Over a line of inputs: the curve in the first hue, and the samples in their part's colour. Over a plane:
    each class in its own hue, or values from the first hue to the second, and so the samples; without
    `color`, letters name the samples' classes, capitals in the training part. Answers that are not finite
    leave a hole. Colours are "#rrggbb"; `ascii` keeps to characters that every font has.
    """
    style = _Style(train_color, val_color, hues, color, ascii)
    width, height = max(width, 0), max(height, 0)
    draw = _draw_line if len(probed.sizes) == 1 else _draw_plane
    return "\n".join(_encode(line[:width], color) for line in draw(probed, style, width, height))


def _samples(probed: Probed) -> Iterator[tuple[tuple[float, ...], bool]]:
    """Tell samples, and whether they are trained on, in turns: neither part hides the other."""
    for pair in zip_longest(probed.train, probed.val):
        for sample, training in zip(pair, (True, False), strict=True):
            if sample is not None and all(map(math.isfinite, sample)):
                yield sample, training


# A curve


def _draw_line(probed: Probed, style: _Style, width: int, height: int) -> list[list[Cell]]:
    low, high = _value_range(probed)
    spare = 0.05 * (high - low)
    canvas = _Canvas((*probed.low, low - spare), (*probed.high, high + spare), width, height)
    (train_mark, val_mark), curve_hue = style.marks, style.hue(0)
    train, val = (train_mark, style.train_color), (val_mark, style.val_color)

    def draw_samples() -> None:
        for (x, y), training in _samples(probed):
            canvas.put(x, y, train if training else val)

    # What covers fewer cells goes over the rest: a curve hides ten points, and 600 points hide a curve.
    few = len(probed.train) + len(probed.val) <= canvas.num_columns // 2
    if not few:
        draw_samples()
    _draw_curve(canvas, probed.answers, curve_hue, style.ascii)
    if few:
        draw_samples()
    curve = "**" if style.ascii else "⠒⠒", curve_hue
    words = (" model   ", None), (" training   ", None), (" validation", None)
    legend: list[Cell] = [cell for pair in zip((curve, train, val), words, strict=True) for cell in pair]
    return canvas.lines(legend, style.ascii)


def _draw_curve(canvas: "_Canvas", answers: Sequence[float], hue: str, ascii: bool) -> None:
    """Join the answers by straight lines, a dot being a quarter of a cell high."""
    num_dots, num_places = 4 * canvas.num_rows, 2 * canvas.num_columns
    dots: dict[tuple[int, int], int] = {}
    before: int | None = None
    for place in range(num_places):
        y = _between(answers, (place + 0.5) / num_places)
        if not math.isfinite(y):
            before = None
            continue
        dot = min(max(math.floor(canvas.depth(y) * num_dots), -1), num_dots)
        top, bottom = sorted((dot, dot if before is None else before))
        for each in range(max(top, 0), min(bottom, num_dots - 1) + 1):
            cell = each // 4, place // 2
            dots[cell] = dots.get(cell, 0) | _BRAILLE[place % 2][each % 4]
        before = dot
    for (row, column), bits in dots.items():
        canvas.cells[row][column] = ("*" if ascii else chr(0x2800 + bits), hue)


def _between(answers: Sequence[float], share: float) -> float:
    """Read the line through the answers at a share of its length."""
    at = share * (len(answers) - 1)
    left, right = answers[math.floor(at)], answers[math.ceil(at)]
    return left + (right - left) * (at % 1)


# A plane


def _draw_plane(probed: Probed, style: _Style, width: int, height: int) -> list[list[Cell]]:
    canvas = _Canvas(probed.low, probed.high, width, height)
    kind = _classes if _are_classes(probed) else _values
    surface, sample, legend = kind(probed, style)
    num_x, num_y = probed.sizes
    for row in range(canvas.num_rows):
        j = round((1 - (row + 0.5) / canvas.num_rows) * (num_y - 1))
        for column in range(canvas.num_columns):
            i = round((column + 0.5) / canvas.num_columns * (num_x - 1))
            answer = probed.answers[j * num_x + i]
            if math.isfinite(answer):
                canvas.cells[row][column] = surface(answer)
    for (x, y, target), training in _samples(probed):
        canvas.put(x, y, sample(target, training))
    return canvas.lines(legend, style.ascii)


_Paint = tuple[Callable[[float], Cell], Callable[[float, bool], Cell], list[Cell]]
"""How an answer and a sample look, and the legend that says so."""


def _are_classes(probed: Probed) -> bool:
    """Tell classes from values, of which a net's are whole numbers only where it says the same everywhere."""
    told = [*probed.answers, *(sample[-1] for sample, _ in _samples(probed))]
    return all(value >= 0 and value.is_integer() for value in told if math.isfinite(value))


def _classes(probed: Probed, style: _Style) -> _Paint:
    fills = _FILLS if style.ascii or not style.color else "░"

    def surface(answer: float) -> Cell:
        return fills[int(answer) % len(fills)], style.hue(answer)

    def sample(target: float, training: bool) -> Cell:
        letter = _LETTERS[int(target) % len(_LETTERS)]
        plain = letter if training else letter.lower()
        return style.marks[not training] if style.color else plain, style.hue(target)

    marks = f"{style.marks[0]} training   {style.marks[1]} validation"
    legend: list[Cell] = [(marks if style.color else "capitals training", None)]
    for number in sorted({int(sample[-1]) for sample, _ in _samples(probed)}):
        letters = [] if style.color else [sample(number, True), sample(number, False)]
        legend += [("   ", None), surface(number), *letters, (f" class {number}", style.hue(number))]
    return surface, sample, legend


def _values(probed: Probed, style: _Style) -> _Paint:
    low, high = _value_range(probed)

    def share(value: float) -> float:
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def hue(value: float) -> str:
        return _mix(style.hue(0), style.hue(1), share(value))

    def surface(answer: float) -> Cell:
        shade = _SHADES[min(int(share(answer) * len(_SHADES)), len(_SHADES) - 1)]
        return "░" if style.color and not style.ascii else shade, hue(answer)

    def sample(target: float, training: bool) -> Cell:
        return style.marks[not training], hue(target)

    steps = [low + (high - low) * step / 8 for step in range(9)]
    legend: list[Cell] = [(f"{style.marks[0]} training   {style.marks[1]} validation   {low:.3g} ", None)]
    legend += [*map(surface, steps), (f" {high:.3g}", None)]
    return surface, sample, legend


def _mix(first: str, second: str, share: float) -> str:
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _value_range(probed: Probed) -> tuple[float, float]:
    """Span the samples' values, and the answers as far as they are no further off than that again.

    A curve that runs away must not press the samples into a line.
    """
    targets = [sample[-1] for sample, _ in _samples(probed)] or [0.0]
    low, high = min(targets), max(targets)
    spare = (high - low) or abs(low) or 1.0
    told = [min(max(answer, low - spare), high + spare) for answer in probed.answers if math.isfinite(answer)]
    low, high = min([low, *told]), max([high, *told])
    return (low, high) if high > low else (low - spare, high + spare)


# Cells


class _Canvas:
    """Cells that show a range of x and of y, with axes where there is room for them."""

    def __init__(self, low: Sequence[float], high: Sequence[float], width: int, height: int) -> None:
        self.low = low
        # A range of next to nothing has no parts; it is shown as wide as its numbers are large.
        ends = zip(low, high, strict=True)
        self.high = [end if end - start > 1e-200 else start + (abs(start) or 1.0) for start, end in ends]
        self._y_ticks = _ticks(self.low[1], self.high[1], max(height // 4, 3))
        gutter = max((len(label) for _, label in self._y_ticks), default=0) + 1
        self._framed = width - gutter >= 12 and height >= 7
        self._gutter = gutter if self._framed else 0
        self.num_columns, self.num_rows = width - self._gutter, height - 3 if self._framed else height
        self.cells: list[list[Cell]] = [[(" ", None)] * self.num_columns for _ in range(self.num_rows)]

    def depth(self, y: float) -> float:
        """Tell how far down a value is, as a share of the height."""
        return (self.high[1] - y) / (self.high[1] - self.low[1])

    def put(self, x: float, y: float, cell: Cell) -> None:
        """Put a cell where a point is; outside it is not seen."""
        column, row = self._column(x), math.floor(self.depth(y) * self.num_rows)
        if 0 <= column < self.num_columns and 0 <= row < self.num_rows:
            self.cells[row][column] = cell

    def _column(self, x: float) -> int:
        return math.floor((x - self.low[0]) / (self.high[0] - self.low[0]) * self.num_columns)

    def lines(self, legend: list[Cell], ascii: bool) -> list[list[Cell]]:
        """Give the legend, the cells beside the y axis, the x axis and its labels, a line each."""
        if not self._framed:
            return self.cells
        labels = {math.floor(self.depth(y) * self.num_rows): label for y, label in self._y_ticks}
        width = self._gutter - 1
        sides = [f"{labels[r]:>{width}}┤" if r in labels else " " * width + "│" for r in range(self.num_rows)]
        axis, below = ["─"] * self.num_columns, [" "] * self.num_columns
        end = -1
        for x, label in _ticks(self.low[0], self.high[0], self.num_columns // 12):
            column = min(self._column(x), self.num_columns - 1)
            start = max(min(column - len(label) // 2, self.num_columns - len(label)), 0)
            if start > end:
                axis[column], end = "┬", start + len(label)
                below[start:end] = label
        frame = [*sides, " " * width + "└" + "".join(axis)]
        *sides, axis = (line.translate(ASCII) for line in frame) if ascii else frame
        rows = [[*_cells(side), *row] for side, row in zip(sides, self.cells, strict=True)]
        top = [(letter, hue) for text, hue in legend for letter in text]
        return [top, *rows, _cells(axis), _cells(" " * self._gutter + "".join(below))]


def _cells(text: str) -> list[Cell]:
    return [(letter, None) for letter in text]


def _ticks(low: float, high: float, count: int) -> list[tuple[float, str]]:
    """Choose up to about `count` round values in a range, with their labels.

    >>> _ticks(-1.2, 1.2, 5)
    [(-1.0, '-1'), (-0.5, '-0.5'), (0.0, '0'), (0.5, '0.5'), (1.0, '1')]
    """
    power = 10.0 ** math.floor(math.log10((high - low) / count))
    step = next(m * power for m in (1, 2, 5, 10, 20) if (high - low) / (m * power) <= count)
    return [(k * step, f"{k * step:.8g}") for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _encode(cells: Sequence[Cell], color: bool) -> str:
    """Write cells as a line, with the escape sequences of 24-bit colours."""
    if not color:
        return "".join(letter for letter, _ in cells).rstrip()
    parts: list[str] = []
    for hue, run in groupby(cells, key=lambda cell: cell[1]):
        text = "".join(letter for letter, _ in run)
        red_green_blue = ";".join(map(str, _rgb(hue))) if hue else ""
        parts.append(f"\x1b[38;2;{red_green_blue}m{text}\x1b[0m" if hue else text)
    return "".join(parts).rstrip()
