"""The hand on a running training: a stop that the loop reads at each step."""

from typing import Literal

Stop = Literal["stopped", "interrupted"]


class Control:
    """Ends or holds a run from outside its thread. One that is made `under` another is ended by that, too.

    To pause a run that is alone, or all of a cohort, just don't pull the next event.
    """

    def __init__(self, under: "Control | None" = None) -> None:
        self._under = under
        self._outcome: Stop | None = None
        self._reason: str | None = None
        self._stepping = False
        self._paused = False

    @property
    def outcome(self) -> Stop | None:
        """How the run is to end; none while it may go on."""
        return self._outcome or (self._under.outcome if self._under else None)

    @property
    def reason(self) -> str | None:
        """Why it is to end."""
        return self._reason if self._outcome or self._under is None else self._under.reason

    @property
    def stepping(self) -> bool:
        """Whether each evaluation is to be told before training goes on, however long keeping it takes."""
        return self._stepping or (self._under is not None and self._under.stepping)

    @stepping.setter
    def stepping(self, stepping: bool) -> None:
        self._stepping = stepping

    @property
    def paused(self) -> bool:
        """Whether a run of a cohort waits, while the others train on. To be set from another thread, or by
        who looks at the events of others: where all wait, nothing is told until one of them goes on.
        """
        return self._paused or (self._under is not None and self._under.paused)

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused

    def stop(self, reason: str | None = None) -> None:
        """End the run after the step under way, keeping what it has: outcome "stopped"."""
        self.end("stopped", reason)

    def interrupt(self, reason: str) -> None:
        """End the run after the step under way: outcome "interrupted"."""
        self.end("interrupted", reason)

    def end(self, outcome: Stop, reason: str | None) -> None:
        """End the run after the step under way with that outcome."""
        self._reason, self._outcome = reason, outcome
