"""Several runs under way in turn, those of one shape stepped together."""

import time
from collections.abc import Generator, Hashable, Sequence
from contextlib import ExitStack

from normlab.engine.events import Event
from normlab.engine.kinship import fitting
from normlab.engine.session import Session
from normlab.engine.turns import Taker, Turn, groups

_PAUSE_SECONDS = 0.02
"""Between two looks at runs that all wait."""
_SLICE_SECONDS = 0.05
"""How long some runs of a group are stepped before the others."""


class Member:
    """A run of a cohort: what it told is passed on, up to the next turn that it wants taken."""

    def __init__(self, session: Session, events: Generator[Event | Turn]) -> None:
        self.session, self.events = session, events
        self.turn: Turn | None = None
        self.has_ended = False

    @property
    def is_held(self) -> bool:
        """Whether its control holds it, so that no turn of it is taken."""
        return self.session.control.paused

    @property
    def waits(self) -> bool:
        """Whether it is held, and not ended meanwhile."""
        return self.is_held and self.session.control.outcome is None

    def advance(self) -> Event | None:
        """Give what happens next; none where the run wants a turn, or has ended."""
        watch = self.session.watch
        watch.start()
        try:
            item = next(self.events)
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

    First of all that they are created: so who keeps them does so at once, and before any goes on.
    Raises: what a run raises, when all have been closed.
    """
    taker, active = Taker(), list(members)
    with ExitStack() as closing:
        for member in members:
            closing.callback(member.events.close)
        for member in active:
            if (created := member.advance()) is not None:
                yield created
        for member in active:
            yield from _tell(member, member.advance())
        while active := [member for member in active if not member.has_ended]:
            ready = [member for member in active if not member.waits]
            if not ready:
                time.sleep(_PAUSE_SECONDS)
            for group in groups(ready, _kind):
                yield from _step(taker, group)
            if any(member.has_ended for member in active):
                taker.forget()


def _kind(member: Member) -> Hashable:
    return member.turn and member.turn.kind


def _step(taker: Taker, group: Sequence[Member]) -> Generator[Event]:
    """Step runs of one kind; where a CPU's cache doesn't hold all, some take several steps, then others."""
    size = _company(group)
    for first in range(0, len(group), size):
        part = group[first : first + size]
        until = time.perf_counter() + _SLICE_SECONDS
        while True:
            taker.take([member.turn for member in part if member.turn and not member.is_held])
            yield from _take_in(part)
            if len(part) == len(group) or time.perf_counter() >= until or not _goes_on(part):
                break


def _company(group: Sequence[Member]) -> int:
    """Count the runs of a group that are best stepped together."""
    if len(group) == 1 or (turn := group[0].turn) is None or not turn.x.is_cpu:
        return len(group)
    return fitting(turn.trainer.num_parameters)


def _goes_on(part: Sequence[Member]) -> bool:
    """Whether runs can take another step together."""
    return all(each.turn and not each.is_held for each in part) and len(set(map(_kind, part))) == 1


def _take_in(group: Sequence[Member]) -> Generator[Event]:
    """Let all runs of a group take in their turns, and tell what they tell.

    All of them before any is told, for whoever is told may end them: a run that has not taken in the step
    that its weights have taken can't be saved. What each tells first, an evaluation mostly, comes before what
    else any tells: all is then kept at once. Raises: the first error, after all have been advanced.
    """
    first: list[tuple[Member, Event]] = []
    errors: list[Exception] = []
    for member in group:
        try:
            if (event := member.advance()) is not None:
                first.append((member, event))
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]
    for _, event in first:
        yield event
    for member, _ in first:
        yield from _tell(member, member.advance())


def _tell(member: Member, event: Event | None) -> Generator[Event]:
    """Tell an event and those that follow, up to the next turn."""
    while event is not None:
        yield event
        event = member.advance()
