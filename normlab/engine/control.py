"""The hand on a running training: a stop that the loop reads at each step."""

from typing import Literal


class Control:
    """Ends a run from outside its thread. A pause needs none: don't pull the next event."""

    outcome: Literal["stopped", "interrupted"] | None = None
    reason: str | None = None
    stepping = False
    """Whether each evaluation is to be told before training goes on, however long keeping it takes."""

    def stop(self, reason: str | None = None) -> None:
        """End the run after the step under way, keeping what it has: outcome "stopped"."""
        self.reason, self.outcome = reason, "stopped"

    def interrupt(self, reason: str) -> None:
        """End the run after the step under way: outcome "interrupted"."""
        self.reason, self.outcome = reason, "interrupted"
