"""The pages of help: the keys, the words of the lab, and every part with its formula, source and settings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from normlab.core.choice import Part, members
from normlab.core.fields import describe
from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.views import parts
from normlab.views.words import WORDS

Keys = Callable[[], Sequence[tuple[str, str, str]]]
Page = tuple[str, RenderableType]
"""Markdown, and what stands below it."""


@dataclass(frozen=True)
class Topic:
    """A page of help, written when somebody opens it."""

    title: str
    about: str
    """What the filter looks into beside the title."""
    write: Callable[[], Page]
    member: bool = False
    """One of a family: its title is indented."""


def topics(keys: Keys) -> dict[str, Topic]:
    """List every page by its name: "keys", "words", "experiment", "training", "norms", "norms.group"."""
    found = {
        "keys": Topic("Keys", "bindings shortcuts", partial(_keys_page, keys)),
        "words": Topic("Words", " ".join(WORDS), _words_page),
        "experiment": Topic("Experiment", parts.summary(Experiment), _experiment_page),
    }
    for name, field in describe(Experiment).items():
        if (record := field.record) is not None:
            about = f"{parts.summary(record)} {' '.join(describe(record))}"
            found[name] = Topic(name.capitalize(), about, partial(_record_page, record))
    for family in parts.families():
        name = parts.family_name(family)
        found[name] = Topic(name.capitalize(), parts.summary(family), partial(_family_page, family))
        for kind, part in members(family).items():
            page = partial(_part_page, family, part)
            found[f"{name}.{kind}"] = Topic(kind, f"{name} {parts.summary(part)}", page, member=True)
    return found


def _keys_page(keys: Keys) -> Page:
    places: dict[str, list[tuple[str, str]]] = {}
    for place, key, description in keys():
        places.setdefault(place, []).append((key, description))
    width = max((len(key) for rows in places.values() for key, _ in rows), default=1)
    blocks = [
        Group(Text(visible(place), style="underline"), _rows(rows, width), "")
        for place, rows in places.items()
    ]
    return "", Group(*blocks)


def _words_page() -> Page:
    return "", _rows((word, Text(f"{meaning}\n")) for word, meaning in WORDS.items())


def _experiment_page() -> Page:
    fields = {name: field for name, field in describe(Experiment).items() if field.record is None}
    return parts.summary(Experiment), _settings(fields)


def _record_page(record: type[BaseModel]) -> Page:
    return parts.doc_markdown(record), _settings(describe(record))


def _family_page(family: type[Part]) -> Page:
    kinds = _rows((kind, parts.summary(part)) for kind, part in members(family).items())
    shared = parts.shared_fields(family)
    below = Group("", Text("All of them have:"), "", _settings(shared)) if shared else ""
    return parts.doc_markdown(family), Group(kinds, below)


def _part_page(family: type[Part], part: type[Part]) -> Page:
    return parts.doc_markdown(part), _settings(parts.own_fields(family, part))


def _settings(fields: parts.Fields) -> Table:
    """Lay settings out: the name, what is allowed and its default, and what it means below that."""
    rows: list[tuple[str, Text]] = []
    for path, field in parts.settings(fields):
        default = parts.default(field)
        rule = parts.allowed(field) + (f"; {default} by default" if default else "")
        rows.append((path, Text.assemble((rule, "dim"), "\n", " ".join(field.help.split()), "\n")))
    return _rows(rows)


def _rows(rows: Iterable[tuple[str, str | Text]], width: int = 0) -> Table:
    """Lay names and meanings out; the names' column is as wide as the longest, or `width`."""
    rows = list(rows)
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    width = width or max((len(name) for name, _ in rows), default=1)
    table.add_column(style="bold", width=min(width, 18), overflow="fold")
    table.add_column(ratio=1)
    for name, meaning in rows:
        table.add_row(
            Text(visible(name)), meaning if isinstance(meaning, Text) else Text(visible(meaning, 400))
        )
    return table
