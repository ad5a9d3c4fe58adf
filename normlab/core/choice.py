"""A family of parts: one folder, one file per member, collected into a discriminated union."""

import importlib
import pkgutil
from functools import cache
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Record(BaseModel, frozen=True):
    """A frozen set of typed, documented fields; unknown ones are errors."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,  # "3" is text and true is no number, whatever file they came from
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        validate_default=False,
    )


class Part(Record, frozen=True):
    """A member of a family, which is its own configuration.

    A member sets `kind: Literal["name"] = "name"`, documents its fields, and defines the family's
    methods; what needs torch imports it inside them, so that a form or a list costs nothing.
    """

    kind: str


P = TypeVar("P", bound=Part)


def members(family: type[P]) -> dict[str, type[P]]:
    """Import every file of the family's folder and map each kind to its class, "none" first.

    The family is the class that the folder's `__init__.py` defines. A file whose name starts with an
    underscore holds what members share, and none of its own.
    """
    return cast("dict[str, type[P]]", _members(family))


@cache
def _members(family: type[Part]) -> dict[str, type[Part]]:
    package = importlib.import_module(family.__module__)
    found: dict[str, type[Part]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, family) and item.__module__ == module.__name__:
                (kind,) = get_args(item.model_fields["kind"].annotation)
                assert kind not in found, f"two members of {package.__name__} are called {kind!r}"
                found[kind] = item
    return dict(sorted(found.items(), key=lambda pair: (pair[0] != "none", pair[0])))


def member(family: type[P], kind: str, **settings: Any) -> P:
    """Build the family's member of that kind, for a field's default: a part is never imported by name.

    >>> from normlab.components.norms import Norm
    >>> member(Norm, "group", groups=4).groups
    4
    """
    return members(family)[kind](**settings)


class OneOf:
    """Marks a field as one member of a family: `norm: Annotated[Norm, OneOf()]`."""

    def __get_pydantic_core_schema__(self, source: type[Part], handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {kind: handler.generate_schema(part) for kind, part in members(source).items()}
        return core_schema.tagged_union_schema(choices, discriminator="kind", strict=True)
