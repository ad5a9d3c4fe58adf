"""A run's own time, which stands still while nobody pulls its events."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from normlab.engine.events import Event


class Stopwatch:
    """Counts seconds, except while files are written, or an event's receiver has not asked for the next."""

    def __init__(self) -> None:
        self.restart()

    def restart(self, seconds: float = 0.0) -> None:
        """Count anew, from 0 or from where an earlier watch stood."""
        self._started, self._idle = time.perf_counter() - seconds, 0.0

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started - self._idle

    @contextmanager
    def still(self) -> Generator[None]:
        """Stand still meanwhile."""
        left = time.perf_counter()
        try:
            yield
        finally:
            self._idle += time.perf_counter() - left

    def around(self, events: Generator[Event]) -> Generator[Event]:
        """Pass events on, and stand still while the receiver has them."""
        try:
            for event in events:
                with self.still():
                    yield event
        finally:
            events.close()
