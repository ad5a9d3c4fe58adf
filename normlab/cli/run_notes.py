"""normlab runs tag and note."""

import sys
from collections.abc import Sequence

from normlab.core.errors import ConfigError, Problem
from normlab.core.text import visible
from normlab.store.edit import annotate, tag
from normlab.store.find import find_run
from normlab.store.sweep import open_swept

_MAX_NOTE = 20_000


def tag_all(words: Sequence[str]) -> None:
    """Add tags to runs and take others off: words with + and with -; the others are ids.

    Raises: ConfigError for a tag that is no word, or where there is no run or no tag; StoreError for an id.
    """
    add = [word[1:] for word in words if word.startswith("+")]
    remove = [word[1:] for word in words if word.startswith("-")]
    starts = [word for word in words if not word.startswith(("+", "-"))]
    for option in (word for word in words if word.startswith("--")):
        raise ConfigError(Problem("tag", "has no options", "a tag is taken off with one -", option))
    if not starts or not (add or remove):
        raise ConfigError(Problem("tag", "needs runs and tags", "try normlab runs tag ID +paper -draft"))
    store = open_swept()
    tag(store, [find_run(store, start).id for start in starts], add, remove)


def note(start: str, text: str | None) -> None:
    """Put a note to a run; - reads it from stdin, and none prints the one there is.

    Raises: ConfigError for a note that is too long or has hidden characters; StoreError.
    """
    store = open_swept()
    run = find_run(store, start)
    if text is None:
        for line in run.note.splitlines():
            print(visible(line.expandtabs(), _MAX_NOTE))
        return
    annotate(store, run.id, sys.stdin.read(_MAX_NOTE + 2).rstrip("\n") if text == "-" else text)
