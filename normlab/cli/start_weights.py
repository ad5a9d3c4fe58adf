"""Which kept weights are meant by ID, ID:best or ID:last."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from normlab.core.errors import ConfigError, Problem
from normlab.store.find import find_run
from normlab.store.kept import KeptRun
from normlab.store.store import Store

if TYPE_CHECKING:
    from normlab.engine.weights import StartWeights

_NAMES = ("best", "last")


@dataclass(frozen=True)
class KeptWeights:
    """A file of weights that a run left."""

    run: KeptRun
    name: str
    """best or last."""

    @property
    def path(self) -> Path:
        return self.run.folder / f"{self.name}.safetensors"

    @property
    def origin(self) -> str:
        """What is kept of it with the runs that start from it."""
        return f"{self.run.id}:{self.name}"

    def read(self) -> "StartWeights":
        """Read the file. Raises: CheckpointError when it is missing or damaged."""
        from normlab.engine.weights import read_weights

        return read_weights(self.path, self.origin)


def find_weights(store: Store, text: str, option: str = "--from") -> KeptWeights:
    """Find kept weights by ID[:best|last]; the id may be shortened, and best is meant where nothing is said.

    Raises: ConfigError for another word than best or last, or a file that is gone; StoreError for an id.
    """
    start, colon, name = text.partition(":")
    if colon and name not in _NAMES:
        raise ConfigError(Problem(option, "must be ID, ID:best or ID:last", f"try {start}:best", text))
    found = KeptWeights(find_run(store, start), name or "best")
    if not found.path.is_file():
        rule = f"run {found.run.id} has no {found.name} weights"
        raise ConfigError(Problem(option, rule, "see what it has: normlab runs show", text))
    return found
