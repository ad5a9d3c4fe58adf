"""Write docs/PARTS.md: every part with its settings, from the same descriptions that the program uses.

python docs/generate.py
"""

import inspect
from pathlib import Path

from normlab.core.choice import members
from normlab.core.fields import describe
from normlab.lab.experiment import Experiment
from normlab.lab.settings import show_setting

TARGET = Path(__file__).parent / "PARTS.md"


def text():
    """Write the page."""
    lines = ["# Parts", "", "Written by `make docs` from the code; edit the docstrings there.", ""]
    lines += ["## Experiment", "", *table(describe(Experiment))]
    for family in families(Experiment):
        shared = describe(family)
        shared = {name: field for name, field in shared.items() if not field.required}
        lines += [f"## {family.__module__.rsplit('.', 1)[-1].capitalize()}", ""]
        if shared:
            lines += ["All of them have:", "", *table(shared)]
        for kind, part in members(family).items():
            own = {name: field for name, field in describe(part).items() if not same(field, shared.get(name))}
            lines += [f"### `{kind}`", "", *inspect.getdoc(part).splitlines(), "", *table(own)]
    return "\n".join(lines).rstrip() + "\n"


def families(record):
    """Yield the families that a record's fields choose from, each followed by those of its members."""
    for field in describe(record).values():
        if field.family:
            yield field.family
            yield from families(field.family)


def same(field, shared):
    """Tell whether a member's field is that of its whole family."""
    return shared is not None and (field.default, field.help) == (shared.default, shared.help)


def table(fields):
    """Write fields as a table; those of a record inside stand below it, by their dotted paths."""
    rows = list(rows_of(fields))
    return ["| setting | allowed | default | meaning |", "|---|---|---|---|", *rows, ""] if rows else []


def rows_of(fields, path=""):
    """Yield a row per field."""
    for name, field in fields.items():
        if name == "kind":
            continue
        if field.record is None:
            default = "" if field.required else f"`{show_setting(field.default)}`"
            rule = ", ".join(f"`{word}`" for word in field.choices) if field.family else field.rule()
        else:
            default, rule = ("`none`", "a table or none") if field.optional else ("", "a table")
        cells = (f"`{path}{name}`", rule, default, " ".join(field.help.split()))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        if field.record is not None:
            yield from rows_of(describe(field.record), f"{path}{name}.")


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
