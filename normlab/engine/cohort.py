"""Several runs under way in turn, those of one shape stepped together."""

import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack

from normlab.engine.device import is_out_of_memory
from normlab.engine.events import Event
from normlab.engine.session import Session
from normlab.engine.turns import Taker, Turn, groups

_PAUSE_SECONDS = 0.02
"""Between two looks at runs that all wait."""


class Member:
    """A run of a cohort: what it told is passed on, up to the next turn that it wants taken."""

    def __init__(self, session: Session, events: Generator[Event | Turn]) -> None:
        self.session, self.events = session, events
        self.turn: Turn | None = None
        self.has_ended = False

    @property
    def waits(self) -> bool:
        """Whether it is held by its control, which may end it all the same."""
        control = self.session.control
        return control.paused and control.outcome is None

    def advance(self, error: BaseException | None = None) -> Event | None:
        """Give what happens next; none where the run wants a turn, or has ended. An error ends its turn."""
        watch = self.session.watch
        watch.start()
        try:
            item = next(self.events) if error is None else self.events.throw(error)
        except StopIteration:
            self.has_ended, item = True, None
        finally:
            watch.stop()
        if isinstance(item, Turn) or item is None:
            self.turn = item
            return None
        return item


def together(members: Sequence[Member]) -> Generator[Event]:
    """Train all members, and tell their events; closing this closes each of them, which saves its run.

    Raises: what a run raises, after all have been closed.
    """
    taker, active = Taker(), list(members)
    with ExitStack() as closing:
        for member in members:
            closing.callback(member.events.close)
        for member in active:
            while (event := member.advance()) is not None:
                yield event
        while active := [member for member in active if not member.has_ended]:
            ready = [member for member in active if not member.waits]
            if not ready:
                time.sleep(_PAUSE_SECONDS)
            for group in groups(ready, lambda member: member.turn and member.turn.kind):
                error = _take(taker, group)
                for member in group:
                    event = member.advance(error)
                    while event is not None:
                        yield event
                        event = member.advance()
            if any(member.has_ended for member in active):
                taker.forget()


def _take(taker: Taker, group: Sequence[Member]) -> BaseException | None:
    """Take the turns of a group; give the error where memory ran out, which each of its runs is told."""
    try:
        taker.take([member.turn for member in group if member.turn is not None])
    except BaseException as error:
        if isinstance(error, RuntimeError | MemoryError) and is_out_of_memory(error):
            return error
        for member in group:  # a step was broken off: none of them can be resumed there
            member.session.between_steps = False
        raise
    return None
