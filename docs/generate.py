"""Write docs/PARTS.md: every part with its settings, from the same descriptions that the program uses.

python docs/generate.py
"""

import inspect
from pathlib import Path

from normlab.core.choice import members
from normlab.core.fields import describe
from normlab.lab.experiment import EarlyStopping, Experiment, Training
from normlab.lab.settings import show_setting

TARGET = Path(__file__).parent / "PARTS.md"


def text():
    """Write the page."""
    lines = ["# Parts", "", "Written by `make docs` from the code; edit the docstrings there.", ""]
    lines += section("Experiment", Experiment)
    lines += section("Training", Training) + section("Early stopping", EarlyStopping)
    families = {field.family for field in describe(Experiment).values() if field.family}
    model = next(field.family for field in describe(Experiment).values() if field.name == "model")
    families |= {field.family for field in describe(model).values() if field.family}
    for family in sorted(families, key=lambda family: family.__module__):
        lines += [f"## {family.__module__.rsplit('.', 1)[-1].capitalize()}", ""]
        for kind, part in members(family).items():
            lines += [f"### `{kind}`", "", *inspect.getdoc(part).splitlines(), ""]
            lines += table(part)
    return "\n".join(lines).rstrip() + "\n"


def section(title, record):
    """Write a record's heading, docstring and fields."""
    return [f"## {title}", "", inspect.getdoc(record).splitlines()[0], "", *table(record)]


def table(record):
    """Write a record's fields as a table."""
    rows = []
    for name, field in describe(record).items():
        if name == "kind":
            continue
        default = "" if field.required else f"`{show_setting(field.default)}`"
        rule = "one of: " + ", ".join(f"`{word}`" for word in field.choices) if field.family else field.rule()
        help_text = " ".join(field.help.split())
        cells = (f"`{name}`", rule, default, help_text)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return ["| setting | allowed | default | meaning |", "|---|---|---|---|", *rows, ""] if rows else []


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
