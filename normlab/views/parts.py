"""What families, parts and settings are, from their docstrings; in Markdown too. Imports no torch."""

import inspect
import re
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from normlab.core.choice import Part, members
from normlab.core.fields import Field, describe
from normlab.lab.experiment import Experiment
from normlab.lab.settings import show_setting

Fields = Mapping[str, Field]

# A paragraph that says what a name equals, or how it is distributed, or that is an example.
_FORMULA = re.compile(r"[\w^]+(\([\w, ]*\))? [=~] |>>> ")


def families(record: type[BaseModel] = Experiment) -> Iterator[type[Part]]:
    """Yield the families that a record's fields choose from, each followed by those of its members."""
    for field in describe(record).values():
        if field.family:
            yield field.family
            yield from families(field.family)


def family_name(family: type[Part]) -> str:
    """Name a family as its folder is called, such as "norms"."""
    return family.__module__.rsplit(".", 1)[-1]


def doc(record: type[BaseModel]) -> str:
    """Give a record's docstring as it stands in the code."""
    return inspect.getdoc(record) or ""


def summary(record: type[BaseModel]) -> str:
    """Give the first line of a record's docstring."""
    return doc(record).partition("\n")[0]


def doc_markdown(record: type[BaseModel]) -> str:
    """Write a record's docstring as Markdown: formulas and examples as code, shape and source in bold."""
    written: list[str] = []
    for paragraph in re.split(r"\n\n|\n(?=Shape:|Source:)", doc(record)):
        code = _FORMULA.match(paragraph)
        written.append(
            f"```\n{paragraph}\n```" if code else re.sub(r"^(Shape|Source):", r"**\1:**", paragraph)
        )
    return "\n\n".join(written)


def shared_fields(family: type[Part]) -> dict[str, Field]:
    """Describe the settings that all members of a family have."""
    return {name: field for name, field in describe(family).items() if not field.required}


def own_fields(family: type[Part], part: type[Part]) -> dict[str, Field]:
    """Describe a member's settings but those that are its whole family's."""
    shared = shared_fields(family)
    return {name: field for name, field in describe(part).items() if not _same(field, shared.get(name))}


def _same(field: Field, shared: Field | None) -> bool:
    return shared is not None and (field.default, field.help) == (shared.default, shared.help)


def settings(fields: Fields, path: str = "") -> Iterator[tuple[str, Field]]:
    """Yield each setting by its path; those of a record inside come after it, by their dotted paths."""
    for name, field in fields.items():
        if name == "kind":
            continue
        yield f"{path}{name}", field
        if field.record is not None:
            yield from settings(describe(field.record), f"{path}{name}.")


def allowed(field: Field) -> str:
    """Say what a setting may be, as a phrase."""
    if field.record is not None:
        return "a table or none" if field.optional else "a table"
    return ", ".join(field.choices) if field.family else field.rule()


def default(field: Field) -> str:
    """Write a setting's default; empty where there is none."""
    if field.record is not None:
        return "none" if field.optional else ""
    return "" if field.required else show_setting(field.default)


def page() -> str:
    """Write all parts on one page in Markdown, docstrings as they stand in the code."""
    lines = ["# Parts", "", "Written by `make docs` from the code; edit the docstrings there.", ""]
    lines += ["## Experiment", "", *_table(describe(Experiment))]
    for family in families():
        lines += [f"## {family_name(family).capitalize()}", ""]
        if shared := shared_fields(family):
            lines += ["All of them have:", "", *_table(shared)]
        for kind, part in members(family).items():
            lines += [f"### `{kind}`", "", *doc(part).splitlines(), "", *_table(own_fields(family, part))]
    return "\n".join(lines).rstrip() + "\n"


def _table(fields: Fields) -> list[str]:
    rows = [_row(path, field) for path, field in settings(fields)]
    return ["| setting | allowed | default | meaning |", "|---|---|---|---|", *rows, ""] if rows else []


def _row(path: str, field: Field) -> str:
    rule = ", ".join(f"`{word}`" for word in field.choices) if field.family else allowed(field)
    # An empty text is a default too.
    said = default(field) or field.default == ""
    value = f"`{default(field)}`" if said else ""
    cells = (f"`{path}`", rule, value, " ".join(field.help.split()))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
