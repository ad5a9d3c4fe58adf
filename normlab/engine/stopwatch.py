"""A run's own time, which stands still while nobody pulls its events."""

import time
from collections.abc import Generator

from normlab.engine.events import Event


class Stopwatch:
    """Counts seconds, except between an event's delivery and the request for the next."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Count from 0 again."""
        self._started, self._idle = time.perf_counter(), 0.0

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started - self._idle

    def around(self, events: Generator[Event]) -> Generator[Event]:
        """Pass events on, and stand still while the receiver has them."""
        try:
            for event in events:
                left = time.perf_counter()
                yield event
                self._idle += time.perf_counter() - left
        finally:
            events.close()
