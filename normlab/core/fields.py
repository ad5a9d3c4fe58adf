"""One description of a field, from which forms, error lines, docs and help texts are made."""

import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from normlab.core.choice import OneOf, Part, members
from normlab.core.docstrings import field_docstrings

Type = Literal["flag", "integer", "number", "text", "choice", "list", "table", "part", "record"]

# Named here, since a field called "type" hides the built-in inside the class below.
Family = type[Part]
RecordClass = type[BaseModel]

_WORDS: dict[Type, str] = {
    "flag": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "text": "text",
    "list": "a list",
    "table": "a table",
}

# Between two bounds, an open and a closed lower one, an open and a closed upper one, and what joins them.
_BOUNDS = ("from {} to {}", "above {}", "at least {}", "below {}", "at most {}", " and ")
_SIGNS = ("{}–{}", "> {}", "≥ {}", "< {}", "≤ {}", ", ")
_ABSURD = 1_000_000
"""Bounds from here on only keep absurd numbers out: a hint leaves them out."""


@dataclass(frozen=True)
class Field:
    """What is known of one field of a record."""

    name: str
    type: Type
    model: RecordClass | None = None
    """The record that the field is one of; none for a list's items."""
    shared_help: str | None = None
    """The help that comes with the field's type, where several fields share it."""
    default: object = PydanticUndefined
    choices: tuple[str, ...] = ()
    """Words that are allowed: all there is of a choice, beside the numbers of a number."""
    minimum: float | None = None
    maximum: float | None = None
    open_minimum: bool = False
    open_maximum: bool = False
    optional: bool = False
    """True where "none" is allowed."""
    family: Family | None = None
    record: RecordClass | None = None
    item: "Field | None" = None
    """The description of a list's items."""

    @property
    def help(self) -> str:
        """What the field means, in which unit: the docstring under it."""
        return self.shared_help or field_docstrings(self.model or object).get(self.name, "")

    @property
    def required(self) -> bool:
        return self.default is PydanticUndefined

    def rule(self) -> str:
        """Say what is allowed, as a phrase.

        >>> from normlab.lab.experiment import Training
        >>> describe(Training)["batch_size"].rule()
        "a whole number from 1 to 10000000 or 'full'"
        """
        bounds = self._bounds(self.minimum, self.maximum, _BOUNDS)
        what = _WORDS.get(self.type, "a table")
        said = [] if self.type == "choice" else [f"{what} {bounds}" if bounds else what]
        if self.item is not None:
            said = [f"a list of items, each {self.item.rule()}"]
        if self.choices:
            said.append(" or ".join(f"'{word}'" for word in self.choices))
        if self.optional:
            said.append("none")
        return " or ".join(said)

    def hint(self) -> str:
        """Say what is allowed in a few characters: the bounds that matter, and the words.

        >>> from normlab.lab.experiment import Training
        >>> describe(Training)["batch_size"].hint()
        '≥ 1 or full'
        """
        low, high = (None if b is None or abs(b) >= _ABSURD else b for b in (self.minimum, self.maximum))
        said = [self._bounds(low, high, _SIGNS), *self.choices, "none" if self.optional else ""]
        return " or ".join(word for word in said if word)

    def _bounds(self, minimum: float | None, maximum: float | None, words: tuple[str, ...]) -> str:
        both, above, at_least, below, at_most, joint = words
        low, high = (
            None if b is None else str(b) if isinstance(b, int) else f"{b:.15g}" for b in (minimum, maximum)
        )
        if low and high and not (self.open_minimum or self.open_maximum):
            return both.format(low, high)
        said = [
            (above if self.open_minimum else at_least).format(low) if low else "",
            (below if self.open_maximum else at_most).format(high) if high else "",
        ]
        return joint.join(word for word in said if word)


@cache
def describe(model: type[BaseModel]) -> dict[str, Field]:
    """Describe every field of a record, by name, in the order of its definition."""
    return {name: _describe(model, name, info) for name, info in model.model_fields.items()}


def _describe(model: type[BaseModel], name: str, info: FieldInfo) -> Field:
    annotation = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    default = info.get_default(call_default_factory=True)
    return replace(_read(name, annotation), model=model, shared_help=info.description, default=default)


def _read(name: str, annotation: Any) -> Field:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if any(isinstance(mark, OneOf) for mark in arguments[1:]):
            return Field(name, "part", family=arguments[0], choices=tuple(members(arguments[0])))
        return _bounded(_read(name, arguments[0]), arguments[1:])
    if origin in (Union, types.UnionType):
        kinds = [_read(name, a) for a in arguments if a is not types.NoneType]
        main = next((k for k in kinds if k.type != "choice"), kinds[0])
        words = tuple(word for k in kinds if k.type == "choice" for word in k.choices)
        return replace(main, choices=words or main.choices, optional=types.NoneType in arguments)
    if origin is Literal:
        return Field(name, "choice", choices=tuple(str(a) for a in arguments))
    if origin in (tuple, list):
        return Field(name, "list", item=_read(name, arguments[0]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Field(name, "record", record=annotation)
    simple: dict[Any, Type] = {bool: "flag", int: "integer", float: "number", str: "text"}
    return Field(name, simple.get(annotation, "table"))


def _bounded(field: Field, marks: tuple[Any, ...]) -> Field:
    for mark in _flatten(marks):
        match mark:
            case annotated_types.Ge():
                field = replace(field, minimum=mark.ge)
            case annotated_types.Gt():
                field = replace(field, minimum=mark.gt, open_minimum=True)
            case annotated_types.Le():
                field = replace(field, maximum=mark.le)
            case annotated_types.Lt():
                field = replace(field, maximum=mark.lt, open_maximum=True)
            case _:
                pass
    return field


def _flatten(marks: tuple[Any, ...]) -> Iterator[Any]:
    for mark in marks:
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)
