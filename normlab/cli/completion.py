"""What the shell offers when tab is pressed."""

import re
from contextlib import closing, suppress
from typing import Any

# zsh evaluates what it is offered, help included, and typer escapes too little of it: a run from somewhere
# else, called \$(command), would run that. Only these characters are offered.
_SAFE_VALUE = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_UNSAFE_HELP = re.compile(r"[^\w .,=+%/·-]")
_MOST = 100
_IDS = (
    "SELECT id, ifnull(name, arm), ifnull(outcome, 'running') FROM runs"
    " WHERE deleted IS NULL AND id >= ?1 AND id < ?1 || char(0x10FFFF) ORDER BY number DESC LIMIT ?2"
)
_STUDIES = (
    "SELECT id, iif(json_valid(preset), preset ->> '$.title', '') FROM studies"
    " WHERE id >= ?1 AND id < ?1 || char(0x10FFFF) ORDER BY number DESC LIMIT ?2"
)


def complete_preset(incomplete: str) -> list[tuple[str, str]]:
    """Offer the presets' names, one's own first."""
    from normlab.lab.presets import preset_files

    names = dict.fromkeys(path.stem for path in preset_files())
    return [(name, "") for name in names if name.startswith(incomplete) and _is_safe(name)]


def complete_run(incomplete: str) -> list[tuple[str, str]]:
    """Offer the ids of kept runs, newest first, each with what it is called and how it ended."""
    return [(run, _help(f"{title}, {outcome}")) for run, title, outcome in _kept(_IDS, incomplete)]


def complete_study(incomplete: str) -> list[tuple[str, str]]:
    """Offer the ids of studies, the latest first, each with its title."""
    return [(study, _help(str(title))) for study, title in _kept(_STUDIES, incomplete)]


def complete_word(incomplete: str) -> list[str]:
    """Offer the verdicts that can be expected; those of several words would have to be quoted."""
    return [word for word in ("supported", "refuted", "undecided") if word.startswith(incomplete)]


def _kept(query: str, incomplete: str) -> list[Any]:
    """Read the store's rows whose id begins so; none where that can't be."""
    import apsw

    from normlab.core import places
    from normlab.core.errors import NormlabError
    from normlab.store.connection import check, connect_to_read

    path = places.home() / "lab.db"
    with suppress(NormlabError, OSError, apsw.Error):  # opened as a store, it might be written
        if re.fullmatch("[a-z0-9]*", incomplete) and path.is_file():
            with closing(connect_to_read(path)[0]) as connection:
                check(connection, path)
                found: list[Any] = connection.execute(query, (incomplete, _MOST)).fetchall()
            return [row for row in found if _is_safe(row[0])]
    return []


def complete_filter(incomplete: str) -> list[str]:
    """Offer the names that a filter line may compare; > and < would have to be quoted."""
    from normlab.store.filter_names import FIELDS, setting_paths

    families = [path.split(".")[-2] for path in setting_paths() if path.endswith(".kind")]
    known = dict.fromkeys([*families, *FIELDS])
    return [f"{name}=" for name in known if name.startswith(incomplete)]


def complete_setting(incomplete: str) -> list[str]:
    """Offer the paths of settings."""
    from normlab.store.filter_names import setting_paths

    return [f"{path}=" for path in setting_paths() if path.startswith(incomplete)]


def complete_format(incomplete: str) -> list[tuple[str, str]]:
    """Offer the formats that runs can be exported to."""
    from normlab.exports.formats import FORMATS

    return [(name, _help(each.help)) for name, each in FORMATS.items() if name.startswith(incomplete)]


def _is_safe(value: str) -> bool:
    return _SAFE_VALUE.fullmatch(value) is not None


def _help(text: str) -> str:
    return _UNSAFE_HELP.sub("", text)[:60]
