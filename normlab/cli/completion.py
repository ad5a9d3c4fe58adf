"""What the shell offers when tab is pressed."""

import re
from contextlib import suppress

# zsh evaluates what it is offered, help included, and typer escapes too little of it: a run from somewhere
# else, called \$(command), would run that. Only these characters are offered.
_SAFE_VALUE = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_UNSAFE_HELP = re.compile(r"[^\w .,=+%/·-]")
_MOST = 100


def complete_preset(incomplete: str) -> list[tuple[str, str]]:
    """Offer the presets' names, one's own first."""
    from normlab.lab.presets import preset_files

    names = dict.fromkeys(path.stem for path in preset_files())
    return [(name, "") for name in names if name.startswith(incomplete) and _SAFE_VALUE.fullmatch(name)]


def complete_run(incomplete: str) -> list[tuple[str, str]]:
    """Offer the ids of kept runs, newest first, each with what it is called and how it ended."""
    from normlab.core.errors import NormlabError
    from normlab.store.find import find_runs
    from normlab.store.store import open_store

    with suppress(NormlabError, OSError):
        if re.fullmatch("[a-z0-9]*", incomplete):
            runs = find_runs(open_store(), incomplete, limit=_MOST).runs
            found = [run for run in runs if run.id.startswith(incomplete) and _SAFE_VALUE.fullmatch(run.id)]
            return [(run.id, _help(f"{run.title}, {run.outcome or 'running'}")) for run in found]
    return []


def complete_filter(incomplete: str) -> list[str]:
    """Offer the names that a filter line may compare; > and < would have to be quoted."""
    from normlab.store.filters import FIELDS, setting_paths

    families = [path.split(".")[-2] for path in setting_paths() if path.endswith(".kind")]
    known = dict.fromkeys([*families, *FIELDS])
    return [f"{name}=" for name in known if name.startswith(incomplete)]


def complete_setting(incomplete: str) -> list[str]:
    """Offer the paths of settings."""
    from normlab.store.filters import setting_paths

    return [f"{path}=" for path in setting_paths() if path.startswith(incomplete)]


def complete_format(incomplete: str) -> list[tuple[str, str]]:
    """Offer the formats that runs can be exported to."""
    from normlab.exports.formats import FORMATS

    return [(name, _help(each.help)) for name, each in FORMATS.items() if name.startswith(incomplete)]


def _help(text: str) -> str:
    return _UNSAFE_HELP.sub("", text)[:60]
