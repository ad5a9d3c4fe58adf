"""A run's folder: all that is known of the run in one file beside its weights, so that it can travel."""

import threading
from pathlib import Path
from typing import Annotated

from pydantic import Field

from normlab.core.choice import Record
from normlab.core.text import Line, Name, Prose
from normlab.store.find import find_run
from normlab.store.replay import replay
from normlab.store.store import Store

FILE = "run.jsonl"
FILES = (FILE, "experiment.toml", "best.safetensors", "last.safetensors", "state.safetensors")
_writing = threading.Lock()  # who trains and who edits may come to the same file


class Header(Record, frozen=True):
    """The first line of a run's file: what its events don't say."""

    normlab_run: int = 1
    """Version of this form."""
    id: Annotated[str, Field(pattern="^[a-z0-9]{4,32}$")]
    created: float = Field(ge=0, le=1e11)
    finished: float | None = Field(default=None, ge=0, le=1e11)
    name: Name | None = None
    note: Prose = ""
    tags: tuple[Name, ...] = ()
    environment: dict[Name, Line] = Field(default_factory=dict)


def write_record(store: Store, run: str) -> Path:
    """Write a run into its folder: its header, then each of its events, a line of JSON each.

    Raises: OSError when that can't be written; StoreError when there is no such run.
    """
    with _writing:
        found = find_run(store, run)
        header = Header(
            id=found.id, created=found.created, finished=found.finished, name=found.name, note=found.note,
            tags=found.tags, environment=found.environment,
        )  # fmt: skip
        lines = [header.model_dump_json(), *(event.model_dump_json() for event in replay(found.id, store))]
        path = found.folder / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{FILE}.part")
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
        partial.replace(path)  # not flushed, which takes longer than all the rest: the store has it all
        return path
