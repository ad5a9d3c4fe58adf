"""How far one press of left or right moves a setting: the next choice, or the next sensible number."""

import math

from normlab.core.fields import Field

_DOUBLED = ("batch_size", "ghost_size", "width", "groups")
_BY_ONE = ("seed", "feature")
_STRIDES = {"kernel": 2}  # only odd kernels keep the size
_EMPTY_NUMBER, _EMPTY_INTEGER = 1.0, 1000
"""Where stepping begins when nothing stands there: a gradient's norm, a number of samples or steps."""


def step(field: Field, value: object, up: bool, far: bool = False) -> object:
    """Give the value after one step; `far` takes a larger one. At a bound, and of text, it stays.

    >>> from normlab.lab.experiment import Training
    >>> from normlab.core.fields import describe
    >>> step(describe(Training)["batch_size"], 64, up=True)
    128
    """
    match field.type:
        case "flag" | "record":
            return not value
        case "choice" | "part":
            return _next_choice(field, value, up)
        case "integer" | "number":
            if not isinstance(value, int | float) or not _allows(field, value):
                return _first_number(field, value, up)
            if field.type == "integer":
                new: float = _step_integer(field, int(value), up, far)
            else:
                new = float(f"{_step_number(field, float(value), up, far):.6g}")
            low, high = field.minimum, field.maximum
            nearest = (
                low if low is not None and new < low else high if high is not None and new > high else new
            )
            return nearest if _allows(field, nearest) else value
        case "list" if isinstance(value, list | tuple):
            return _step_sizes(field, list(value), up)
        case _:
            return value


def _step_sizes(field: Field, sizes: list[object], up: bool) -> list[object]:
    if not up:
        return sizes[:-1] if sizes and isinstance(sizes[0], int) else sizes
    default = list(field.default) if isinstance(field.default, list | tuple) else []
    last = (sizes or default)[-1:]  # of none at all, the default tells which size there may be
    return [*sizes, *last] if last and isinstance(last[0], int) else sizes


def _allows(field: Field, value: float) -> bool:
    low, high = field.minimum, field.maximum
    above = low is None or (value > low if field.open_minimum else value >= low)
    return above and (high is None or (value < high if field.open_maximum else value <= high))


def _next_choice(field: Field, value: object, up: bool) -> object:
    choices: list[object] = [*field.choices, *([None] if field.optional else [])]
    here = choices.index(value) if value in choices else -1
    return choices[(here + (1 if up else -1)) % len(choices)]


def _first_number(field: Field, value: object, up: bool) -> object:
    if isinstance(field.default, int | float):
        return field.default
    if not up:
        return value
    return _EMPTY_INTEGER if field.type == "integer" else _EMPTY_NUMBER


def _step_integer(field: Field, value: int, up: bool, far: bool) -> int:
    if field.name in _DOUBLED:
        for _ in range(3 if far else 1):
            value = 1 << value.bit_length() if up else 1 << max(0, (value - 1).bit_length() - 1)
        return value
    if field.name in _STRIDES:
        return value + _STRIDES[field.name] * (1 if up else -1)
    if far:
        return int(_on_decades(value, up)) if value >= 10 else (10 if up else 0)
    # By 1 below 20, by 5 below 100, by 50 below 1,000, and so on.
    below = value if up else value - 1
    by = 1 if below < 20 or field.name in _BY_ONE else 10 ** (len(str(below)) - 1) // 2
    return (value // by + 1) * by if up else (value - 1) // by * by


def _step_number(field: Field, value: float, up: bool, far: bool) -> float:
    low, high = field.minimum, field.maximum
    if low is None or low < 0:
        return _on_multiples(value, 0.05 if high is not None and high <= 1 else 0.1, up)
    if high is not None and high <= 1:
        if low > 0:  # an epsilon
            return value * 10 if up else value / 10
        if field.open_maximum and (value > 0.9 or (up and value == 0.9)):
            return 1 - _on_decades(1 - value, not up)
        if value > 0.05 or (up and value == 0.05) or not _spans_decades(field):
            return _on_multiples(value, 0.2 if far else 0.05, up)
    if value <= (0 if up else 1e-8):
        return 1e-4 if up else 0.0
    if far:
        return value * 10 if up else value / 10
    return _on_decades(value, up)


def _spans_decades(field: Field) -> bool:
    default = field.default
    return field.open_minimum or (isinstance(default, float) and 0 < default < 0.05)


def _on_multiples(value: float, by: float, up: bool) -> float:
    near = 1e-9  # 0.15 / 0.05 is 2.9999999999999996
    return (math.floor(value / by + near) + 1) * by if up else (math.ceil(value / by - near) - 1) * by


def _on_decades(value: float, up: bool) -> float:
    """Give the next of ..., 0.1, 0.2, 0.5, 1, 2, 5, 10, ...

    >>> _on_decades(0.001, up=True), _on_decades(0.001, up=False)
    (0.002, 0.0005)
    """
    exponent = math.floor(math.log10(value))
    series = [digit * 10.0**e for e in range(exponent - 1, exponent + 2) for digit in (1, 2, 5)]
    near = 1e-6 * value
    return (
        next(s for s in series if s > value + near)
        if up
        else next(s for s in reversed(series) if s < value - near)
    )
