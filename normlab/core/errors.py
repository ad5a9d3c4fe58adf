"""Errors that a person can act on: where, what stands there, which rule it breaks, what would work."""

from collections.abc import Sequence
from dataclasses import dataclass

from normlab.core.text import visible


class _Unsaid:
    """The value of a problem that concerns no value in particular."""

    def __repr__(self) -> str:
        return "UNSAID"

    def __reduce__(self) -> str:
        return "UNSAID"  # the one and only, in another process too


UNSAID = _Unsaid()


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or (`warning`) odd, at one place.

    >>> str(Problem("model.norm.groups", "does not divide 16 channels", "try 4 or 8", value=3))
    'model.norm.groups: 3: does not divide 16 channels; try 4 or 8'
    """

    path: str
    """Dotted path of the setting, a command-line option, or a file's path."""
    rule: str
    """The rule that is broken, as the end of a sentence about the value."""
    remedy: str = ""
    """What would work."""
    value: object = UNSAID
    """The value found there."""
    warning: bool = False
    """True where the experiment can run all the same."""

    def __str__(self) -> str:
        value = "" if self.value is UNSAID else f"{show_value(self.value)}: "
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{visible(self.path, 400)}: {value}{self.rule}{remedy}"


def show_value(value: object) -> str:
    """Write a setting's value as a preset file would, short and harmless to print.

    >>> show_value([64, 32]), show_value(True), show_value(1e-05)
    ('[64, 32]', 'true', '1e-05')
    """
    match value:
        case list() | tuple():
            inner = ", ".join(map(show_value, value[:20]))
            text = show_repeated(value) or f"[{inner}{', …' if len(value) > 20 else ''}]"
        case dict():
            inner = ", ".join(f"{k} = {show_value(v)}" for k, v in list(value.items())[:20])
            text = f"{{{inner}}}"
        case int() if value.bit_length() > 1000:
            text = f"a number of {value.bit_length()} bits"
        case _:
            text = show_scalar(value)
    return visible(text)


def show_scalar(value: object) -> str:
    """Write a value that is no list and no table, exactly; of a text, the text as it is.

    >>> show_scalar(2.0), show_scalar(0.1 + 0.2), show_scalar(None)
    ('2.0', '0.30000000000000004', 'none')
    """
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float() if value.is_integer() and abs(value) < 1e6:
            return f"{value:.1f}"
        case float():
            short = f"{value:.6g}"
            return short if float(short) == value or value != value else repr(value)
        case _:
            return str(value)


def show_repeated(values: Sequence[object]) -> str | None:
    """Write more than three equal whole numbers, as sizes may be written; None where they aren't.

    >>> show_repeated([64, 64, 64, 64]), show_repeated([64, 64])
    ('4x64', None)
    """
    first = values[0] if len(values) > 3 else None
    if type(first) is int and all(type(value) is int and value == first for value in values):
        return f"{len(values)}x{first}"
    return None


class NormlabError(Exception):
    """Something that the person in front can mend; carries one or more problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems: Sequence[Problem] = problems


class ConfigError(NormlabError):
    """An experiment, a preset or an option breaks a rule."""


class DataError(NormlabError):
    """A data set is missing, damaged, or not what its settings say."""
