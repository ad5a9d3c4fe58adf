"""Looks at a draft's settings together, behind the form that is being typed into."""

from collections.abc import Callable
from functools import partial

from textual.timer import Timer
from textual.widget import Widget

from normlab.core.errors import Problem
from normlab.lab.draft import Draft
from normlab.lab.experiment import Experiment
from normlab.lab.inspection import look
from normlab.lab.summary import Summary

DEBOUNCE_SECONDS = 0.05


class BackgroundCheck:
    """Checks and sums up a draft in a thread, one look at a time; what has been overtaken is dropped.

    `done` is called on the screen's thread, with no summary where there is none to give.
    """

    def __init__(self, owner: Widget, draft: Draft, done: Callable[[Summary | None], None]) -> None:
        self._owner, self._draft, self._done = owner, draft, done
        self._timer: Timer | None = None
        self._busy = False

    def ask(self) -> None:
        """Check soon; asking again before that waits anew."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._owner.set_timer(DEBOUNCE_SECONDS, self._begin)

    def _begin(self) -> None:
        experiment = self._draft.experiment
        if experiment is None:
            self._done(None)  # what is wrong is known already
        elif not self._busy:  # else its end begins anew
            self._busy = True
            work = partial(self._look, self._draft.version, experiment)
            self._owner.run_worker(work, thread=True, exit_on_error=False, group="check")

    def _look(self, version: int, experiment: Experiment) -> None:
        summary, found = look(experiment)
        self._owner.call_later(self._take_in, version, found, summary)

    def _take_in(self, version: int, found: list[Problem], summary: Summary | None) -> None:
        self._busy = False
        if version == self._draft.version:
            self._draft.accept(version, found)
            self._done(summary)
        else:
            self._begin()
