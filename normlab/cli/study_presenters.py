"""How a study is shown while it runs: as lines, as JSON, or only in the end. The grid is in study_live.py."""

import time
from functools import cached_property

from normlab.cli.presenters import SECONDS_BETWEEN_LINES, Presenter, outcome_line, weights_line
from normlab.cli.study_events import StudyOutcome, finished, planned
from normlab.cli.study_pace import Pace, place_line
from normlab.cli.study_report import print_arms, print_head, print_results, print_study
from normlab.core.text import visible
from normlab.engine.events import (
    Event,
    Held,
    Preparing,
    RunCreated,
    RunFinished,
    RunStarted,
    Warned,
    WeightsLoaded,
)
from normlab.lab.checks import check_arms
from normlab.store.replay import replay
from normlab.store.slots import Slot
from normlab.store.store import Store
from normlab.views.board import Board
from normlab.views.history import History


class StudyPresenter(Presenter):
    """Shows a study's tables in the end, and before it only what goes wrong: what --quiet asks for."""

    def __init__(self, board: Board, pace: Pace) -> None:
        super().__init__(board.preset)
        self.board, self.pace = board, pace
        self._holding: dict[str, str] = {}

    def begin(self) -> None:
        """Show that the study begins, or goes on."""

    def take_kept(self, slot: Slot, store: Store) -> None:
        """Show the run of a slot that was made before, or elsewhere."""

    def follow_run(self, slot: Slot, event: Event) -> None:
        """Show an event of one of the study's runs, which the board has taken in."""
        before = self._holding.pop(event.run, None)
        if isinstance(event, Held):
            self._holding[event.run] = event.reason
            if event.reason != before:
                self._print(f"a run waits: {visible(event.reason, 400)}")
        elif before is not None and not isinstance(event, RunFinished):
            self._print("the run goes on")
        self.pace.follow((slot.cell.name, slot.seed), event)
        self.show_run(slot, event)

    def show_run(self, slot: Slot, event: Event) -> None:
        """Show what has just happened in the run of a slot."""
        if isinstance(event, Warned) and self.history(slot).points:
            self.warn(slot, event)

    def warn(self, slot: Slot, event: Warned) -> None:
        """Tell a run's warning: what is odd in its settings once for all, anything else with its name."""
        which = "" if event.message in self._known_warnings else f"{self.name(slot)}: "
        self.tell(f"warning: {which}{visible(event.message, 400)}")

    @cached_property
    def _known_warnings(self) -> set[str]:
        return {str(warning) for warning in check_arms(self.preset)}

    def name(self, slot: Slot) -> str:
        """Name a run."""
        return f"{visible(slot.cell.name)}, seed {slot.seed}"

    def history(self, slot: Slot) -> History:
        """Give what is known of a slot's run."""
        return self.board.histories[slot.cell.name, slot.seed]

    def end(self, outcome: StudyOutcome) -> None:
        """Show what came of the study; of one that was interrupted, what its arms came to so far."""
        if outcome == "interrupted":
            print_head(self.board)
            print_arms(self.board)
        else:
            self.print_end(self.board)

    def print_end(self, board: Board) -> None:
        """Print a study that has ended."""
        print_results(board)


class StudyJson(StudyPresenter):
    """Prints each event as a line of JSON, those of runs that were made before too."""

    def begin(self) -> None:
        self._put(planned(self.board, self.pace.num_made).model_dump_json())

    def take_kept(self, slot: Slot, store: Store) -> None:
        # A failed one is made again, and of one under way the rest would be lacking.
        if slot.run is None or slot.is_under_way or (slot.has_ended and not slot.is_done):
            return
        for event in replay(slot.run.id, store):
            if isinstance(event, RunCreated | RunStarted):  # in another study it had another name
                event = event.model_copy(update={"arm": slot.cell.name})
            self._put(event.model_dump_json())

    def show_run(self, slot: Slot, event: Event) -> None:
        self._put(event.model_dump_json())

    def end(self, outcome: StudyOutcome) -> None:
        for verdict in self.board.verdicts:
            self._put(verdict.model_dump_json())
        self._put(finished(self.board, outcome).model_dump_json())

    def _put(self, line: str) -> None:
        print(line, flush=True)


class StudyPlain(StudyPresenter):
    """Writes lines to stderr: one for each run that ends, and every few seconds where the others are."""

    _told = 0.0

    def say(self, text: str) -> None:
        self._print(text)

    def print_end(self, board: Board) -> None:
        print_study(board)

    def show_run(self, slot: Slot, event: Event) -> None:
        match event:
            case WeightsLoaded():
                self.tell(f"{self.name(slot)}: {weights_line(event)}")
            case Warned():
                self.warn(slot, event)
            case RunFinished():
                line = outcome_line(event, self.history(slot))
                self.say(f"{self.pace.num_made:,}/{self.board.num_runs:,} {self.name(slot)}: {line}")
                self._told = time.monotonic()
            case Preparing() if self._is_due():
                self.say(f"downloading {visible(event.what)}: {event.done_bytes / 1e6:.1f} MB")
            case _:
                if self.pace.under_way() and self._is_due():
                    self.say("; ".join([self.pace.line, *map(place_line, self.pace.under_way()[:4])]))

    def _is_due(self) -> bool:
        if time.monotonic() - self._told < SECONDS_BETWEEN_LINES:
            return False
        self._told = time.monotonic()
        return True
