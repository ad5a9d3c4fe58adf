"""A family of parts: one folder, one file per member, collected into a discriminated union."""

import importlib
import pkgutil
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from normlab.core.docstrings import field_docstrings

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue


class Record(BaseModel, frozen=True):
    """A frozen set of typed, documented fields; unknown ones are errors."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,  # "3" is text and true is no number, whatever file they came from
        allow_inf_nan=False,
        defer_build=True,  # one schema is built for the whole experiment, not one for each part before
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> "JsonSchemaValue":
        """Describe each field by the docstring under it."""
        written = handler(schema)
        properties = handler.resolve_ref_schema(written)["properties"]
        for name, text in field_docstrings(cls).items():
            if name in properties:
                properties[name].setdefault("description", text)
        return written


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
    """Build the family's member of that kind; a part is never imported by name.

    >>> from normlab.components.norms import Norm
    >>> member(Norm, "group", groups=4).groups
    4
    """
    return members(family)[kind](**settings)


def default(family: type[Part], kind: str) -> Any:
    """Make the family's member of that kind a field's default, built when it is first needed."""
    return Field(default_factory=partial(member, family, kind))


class OneOf:
    """Marks a field as one member of a family: `norm: Annotated[Norm, OneOf()]`."""

    def __get_pydantic_core_schema__(self, source: type[Part], handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {kind: handler.generate_schema(part) for kind, part in members(source).items()}
        return core_schema.tagged_union_schema(choices, discriminator="kind", strict=True)
