"""What the lab remembers between sittings: theme, choices of the charts, keys, the last preset."""

from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field

from normlab.core import places
from normlab.core.choice import Record
from normlab.core.errors import ConfigError, Problem
from normlab.core.files import write_atomically
from normlab.core.parsing import nearest, parse
from normlab.core.text import Line, Name
from normlab.lab.presets import read_text
from normlab.lab.toml import parse_toml, update_toml
from normlab.tui.themes import DEFAULT, PALETTES
from normlab.views.curves import ChartChoices


def _known_theme(name: str) -> str:
    if name not in PALETTES:
        raise ValueError(f"is no theme; {nearest(name, PALETTES)}")
    return name


def _flat(value: object, above: str = "") -> object:
    """Let names be written as TOML reads them: lab.form = "F" is a table in a table."""
    if not isinstance(value, dict):
        return value
    flat: dict[str, object] = {}
    for name, inner in value.items():
        if isinstance(inner, dict):
            flat |= cast("dict[str, object]", _flat(inner, f"{above}{name}."))
        elif isinstance(inner, str):
            flat[f"{above}{name}"] = inner
        else:
            raise ValueError(f'{above}{name} must be given a key; write it as text, such as "f5"')
    return flat


class Preferences(Record, frozen=True):
    """The lab's settings."""

    theme: Annotated[str, AfterValidator(_known_theme)] = DEFAULT
    """Colours of the screens."""
    chart: ChartChoices = Field(default_factory=ChartChoices)
    """How curves are drawn."""
    keys: Annotated[dict[Name, Name], BeforeValidator(_flat)] = Field(default_factory=dict[Name, Name])
    """Keys of one's own, by the name of what they do; the help screen lists the names."""
    preset: Line | None = None
    """The preset loaded last: name, or path of a file."""


def path() -> Path:
    """Where the settings are kept."""
    return places.config() / "settings.toml"


def load() -> tuple[Preferences, list[Problem]]:
    """Read the settings; a file that is wrong gives the defaults, and the problems to report."""
    if not path().exists():
        return Preferences(), []
    try:
        return parse(Preferences, parse_toml(read_text(path()))), []
    except ConfigError as error:
        at = path().name
        return Preferences(), [Problem(f"{at}: {p.path}", p.rule, p.remedy, p.value) for p in error.problems]


def save(preferences: Preferences) -> None:
    """Write the settings; comments and order of the file are kept.

    Raises: ConfigError where the file that stands there is wrong (it is somebody's, to be mended), or
    where these settings could not be read again.
    OSError where it can't be written.
    """
    before = read_text(path()) if path().exists() else ""
    parse(Preferences, parse_toml(before))
    tree: dict[str, Any] = preferences.model_dump(exclude_defaults=True)
    parse(Preferences, tree)  # what could not be read again must not be written
    write_atomically(path(), update_toml(before, tree).encode())
