"""A run's own time: what is computed for it, and nothing else."""

import time
from collections.abc import Generator
from contextlib import contextmanager


class Stopwatch:
    """Counts seconds while it is told to; a run's receiver, its files and its companions don't count."""

    def __init__(self) -> None:
        self._counted = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        return self._counted + running

    def restart(self, seconds: float = 0.0) -> None:
        """Count anew, from 0 or from where an earlier watch stood."""
        self._counted = seconds
        self._since = None if self._since is None else time.perf_counter()

    def add(self, seconds: float) -> None:
        """Count time that was taken elsewhere: a share of what was computed for several runs together."""
        self._counted += seconds

    def start(self) -> None:
        """Count from now on."""
        self._since = time.perf_counter()

    def stop(self) -> None:
        """Count no longer."""
        self._counted, self._since = self.seconds, None

    @contextmanager
    def still(self) -> Generator[None]:
        """Stand still meanwhile."""
        running, self._counted, self._since = self._since is not None, self.seconds, None
        try:
            yield
        finally:
            self._since = time.perf_counter() if running else None
