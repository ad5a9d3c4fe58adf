"""When the pictures of a run under way are told."""

import math
import time
from collections.abc import Generator
from contextlib import closing

from normlab.engine.device import is_out_of_memory
from normlab.engine.events import Event, Measured, Probed, RunFinished
from normlab.engine.session import Session
from normlab.engine.turns import Turn

_PROBE_SECONDS = 0.5


def probing(session: Session, events: Generator[Event | Turn]) -> Generator[Event | Turn]:
    """Pass events on, and tell the answers before an evaluation, twice a second at most, and at the end.

    Before, for who pauses at the evaluation is to see its picture. It costs the run no time.
    """
    probed, told = 0, -math.inf
    with closing(events):
        for event in events:
            due = isinstance(event, Measured) and time.monotonic() - told >= _PROBE_SECONDS
            if due or (isinstance(event, RunFinished) and session.step > probed):
                with session.watch.still():
                    looked = _look(session)
                yield from looked
                probed, told = session.step, time.monotonic()
            yield event


def _look(session: Session) -> list[Probed]:
    if session.trainer is None or session.probe is None:
        return []
    try:
        return [session.probe.look(session.id, session.epoch, session.step, session.trainer.answer)]
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return []  # a run must not end because of its picture
