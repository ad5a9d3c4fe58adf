"""Pictures of what a model answers: a curve over samples, or a plane parted by class or shaded by value."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from normlab.engine.events import Probed, ProbeSamples
from normlab.views.cells import Canvas, Cell, encode, rgb

# What fills a class's part of the plane without colour: light, so that letters stand out.
_FILLS = ".:-~,;'="
# Values from low to high, without colour.
_SHADES = ".:-=+*#"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
    samples: ProbeSamples,
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
    lines = draw(probed, list(_in_turns(samples)), style, width, height)
    return "\n".join(encode(line[:width], color) for line in lines)


_Sample = tuple[tuple[float, ...], bool]
"""Inputs and target, and whether it is trained on."""


def _in_turns(samples: ProbeSamples) -> Iterator[_Sample]:
    """Tell the samples of both parts in turns: neither hides the other."""
    for pair in zip_longest(samples.train, samples.val):
        for sample, training in zip(pair, (True, False), strict=True):
            if sample is not None and all(map(math.isfinite, sample)):
                yield sample, training


class _Frame:
    """A canvas over a range of x and of y, with axes where there is room for them."""

    def __init__(self, low: Sequence[float], high: Sequence[float], width: int, height: int) -> None:
        self.low = low
        # A range of next to nothing has no parts; it is shown as wide as its numbers are large.
        ends = zip(low, high, strict=True)
        self.high = [end if end - start > 1e-200 else start + (abs(start) or 1.0) for start, end in ends]
        y_ticks = _ticks(self.low[1], self.high[1], max(height // 4, 3))
        gutter = max((len(label) for _, label in y_ticks), default=0) + 1
        self._framed = width - gutter >= 12 and height >= 7
        self.canvas = Canvas(width - gutter, height - 3) if self._framed else Canvas(width, height)
        self._y_labels = {math.floor(self.down(y)): label for y, label in y_ticks}

    def across(self, x: float) -> float:
        """Tell how many cells from the left an x is."""
        return (x - self.low[0]) / (self.high[0] - self.low[0]) * self.canvas.num_columns

    def down(self, y: float) -> float:
        """Tell how many cells from above a y is."""
        return (self.high[1] - y) / (self.high[1] - self.low[1]) * self.canvas.num_rows

    def put(self, x: float, y: float, cell: Cell) -> None:
        """Put a cell where a point is."""
        self.canvas.put(self.across(x), self.down(y), cell)

    def lines(self, legend: list[Cell], ascii: bool) -> list[list[Cell]]:
        """Give the legend, the cells and their axes, a line each."""
        if not self._framed:
            return self.canvas.cells
        x_ticks = _ticks(self.low[0], self.high[0], self.canvas.num_columns // 12)
        x_labels = [(math.floor(self.across(x)), label) for x, label in x_ticks]
        top = [(letter, hue) for text, hue in legend for letter in text]
        return [top, *self.canvas.framed(self._y_labels, x_labels, ascii)]


# A curve


def _draw_line(
    probed: Probed, samples: Sequence[_Sample], style: _Style, width: int, height: int
) -> list[list[Cell]]:
    low, high = _value_range(probed, samples)
    spare = 0.05 * (high - low)
    frame = _Frame((*probed.low, low - spare), (*probed.high, high + spare), width, height)
    canvas = frame.canvas
    (train_mark, val_mark), curve_hue = style.marks, style.hue(0)
    train, val = (train_mark, style.train_color), (val_mark, style.val_color)

    def draw_samples() -> None:
        for (x, y), training in samples:
            frame.put(x, y, train if training else val)

    # What covers fewer cells goes over the rest: a curve hides ten points, and 600 points hide a curve.
    few = len(samples) <= canvas.num_columns // 2
    if not few:
        draw_samples()
    answers = probed.answers if len(probed.answers) > 1 else probed.answers * 2
    step = canvas.num_columns / (len(answers) - 1)
    places = ((index * step, frame.down(answer)) for index, answer in enumerate(answers))
    canvas.draw(places, curve_hue, "*" if style.ascii else None)
    if few:
        draw_samples()
    curve = "**" if style.ascii else "⠒⠒", curve_hue
    words = (" model   ", None), (" training   ", None), (" validation", None)
    legend: list[Cell] = [cell for pair in zip((curve, train, val), words, strict=True) for cell in pair]
    return frame.lines(legend, style.ascii)


# A plane


def _draw_plane(
    probed: Probed, samples: Sequence[_Sample], style: _Style, width: int, height: int
) -> list[list[Cell]]:
    frame = _Frame(probed.low, probed.high, width, height)
    canvas = frame.canvas
    kind = _values if probed.num_classes is None else _classes
    surface, sample, legend = kind(probed, samples, style)
    num_x, num_y = probed.sizes
    for row in range(canvas.num_rows):
        j = round((1 - (row + 0.5) / canvas.num_rows) * (num_y - 1))
        for column in range(canvas.num_columns):
            i = round((column + 0.5) / canvas.num_columns * (num_x - 1))
            answer = probed.answers[j * num_x + i]
            if math.isfinite(answer):
                canvas.cells[row][column] = surface(answer)
    for (x, y, target), training in samples:
        frame.put(x, y, sample(target, training))
    return frame.lines(legend, style.ascii)


_Paint = tuple[Callable[[float], Cell], Callable[[float, bool], Cell], list[Cell]]
"""How an answer and a sample look, and the legend that says so."""


def _classes(_: Probed, samples: Sequence[_Sample], style: _Style) -> _Paint:
    fills = _FILLS if style.ascii or not style.color else "░"

    def surface(answer: float) -> Cell:
        return fills[int(answer) % len(fills)], style.hue(answer)

    def sample(target: float, training: bool) -> Cell:
        letter = _LETTERS[int(target) % len(_LETTERS)]
        plain = letter if training else letter.lower()
        return style.marks[not training] if style.color else plain, style.hue(target)

    marks = f"{style.marks[0]} training   {style.marks[1]} validation"
    legend: list[Cell] = [(marks if style.color else "capitals training", None)]
    for number in sorted({int(sample[-1]) for sample, _ in samples}):
        letters = [] if style.color else [sample(number, True), sample(number, False)]
        legend += [("   ", None), surface(number), *letters, (f" class {number}", style.hue(number))]
    return surface, sample, legend


def _values(probed: Probed, samples: Sequence[_Sample], style: _Style) -> _Paint:
    low, high = _value_range(probed, samples)

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
    pairs = zip(rgb(first), rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _value_range(probed: Probed, samples: Sequence[_Sample]) -> tuple[float, float]:
    """Span the samples' values, and the answers as far as they are no further off than that again.

    A curve that runs away must not press the samples into a line.
    """
    targets = [sample[-1] for sample, _ in samples] or [0.0]
    low, high = min(targets), max(targets)
    spare = (high - low) or abs(low) or 1.0
    told = [min(max(answer, low - spare), high + spare) for answer in probed.answers if math.isfinite(answer)]
    low, high = min([low, *told]), max([high, *told])
    return (low, high) if high > low else (low - spare, high + spare)


def _ticks(low: float, high: float, count: int) -> list[tuple[float, str]]:
    """Choose up to about `count` round values in a range, with their labels.

    >>> _ticks(-1.2, 1.2, 5)
    [(-1.0, '-1'), (-0.5, '-0.5'), (0.0, '0'), (0.5, '0.5'), (1.0, '1')]
    """
    power = 10.0 ** math.floor(math.log10((high - low) / count))
    step = next(m * power for m in (1, 2, 5, 10, 20) if (high - low) / (m * power) <= count)
    return [(k * step, f"{k * step:.8g}") for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
