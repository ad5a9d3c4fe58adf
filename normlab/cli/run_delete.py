"""normlab runs delete."""

import sys
from collections.abc import Sequence

from normlab.cli.asking import agrees
from normlab.cli.tables import shown
from normlab.store import edit
from normlab.store.find import find_run
from normlab.store.sweep import open_swept


def delete_all(starts: Sequence[str], yes: bool) -> None:
    """Delete runs for good, and print their ids.

    Raises: ConfigError for one that is under way, or where nobody can be asked; StoreError.
    """
    store = open_swept()
    found = {run.id: run for run in (find_run(store, start) for start in starts)}
    names = ", ".join(f"{run.id} ({shown(run.title, 40)})" for run in list(found.values())[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    if agrees(f"delete {names}{more} for good?", yes):
        edit.delete(store, found)
        purged = edit.purge(store, found)
        for run in purged.runs:
            print(run)
        for problem in purged.problems:
            print(f"warning: {problem}", file=sys.stderr)
