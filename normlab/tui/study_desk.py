"""The study on the desk: planned, looked up in the store, run, reckoned. Knows no screen."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from normlab.core.errors import ConfigError, Problem
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.study import BASELINE
from normlab.tui.arms import add_arm
from normlab.tui.reckoning import Reckoning, Wish, reckon
from normlab.tui.session import Session, Spawn
from normlab.tui.study_training import Scale, StudyTraining, told

if TYPE_CHECKING:
    from normlab.store.slots import Slot
    from normlab.store.store import Store
    from normlab.store.studies import KeptStudy
    from normlab.views.board import Board


RECKON_SECONDS = 1.0
"""Between two reckonings, at least, while it is run."""


class StudyDesk(StudyTraining):
    """One study. Threads look it up, train it and reckon; every other may read and ask."""

    def __init__(
        self,
        session: Session,
        store: "Callable[[], Store | None]",
        spawn: Spawn,
        preset: Preset | None = None,
        scale: Scale | None = None,
    ) -> None:
        super().__init__(session, store, spawn, scale)
        self.preset = preset
        self.reckoning = Reckoning()
        """The latest statistics."""
        self._reckons, self._waits, self._next_reckoning = False, False, 0.0
        self._estimating = threading.Lock()

    # The plan.

    def load(self, preset: Preset | None, kept: "KeptStudy | None" = None) -> None:
        """Plan another study, or take up a kept one; what is made of it is looked up.

        Raises: ConfigError while one is run.
        """
        if self.is_busy:
            raise ConfigError(Problem("study", "is being run", "stop it first, or wait for its end"))
        self.preset, self._kept = preset, kept
        self.board, self.estimate, self.changes, self.reckoning = None, None, (), Reckoning()
        self.look()

    def add(self, experiment: Experiment) -> str:
        """Add an experiment: as an arm, or as the baseline where there is none yet; give its name.

        Raises: ConfigError where it is there already, or while the study is run.
        """
        if self.preset is None:
            self.load(Preset(title="A study of one's own", experiment=experiment))
            return BASELINE
        preset = add_arm(self.preset, experiment)
        self.load(preset)
        return preset.arms[-1].name

    # Looking it up.

    def look(self) -> None:
        """Look up, in a thread, what is made of the study by now; not while it is run."""
        if self.preset is None or self.is_busy:
            self.touch()
            return
        self._round += 1
        preset, kept, number = self.preset, self._kept, self._round
        self._spawn(lambda: self._look(preset, kept, number))

    def _look(self, preset: Preset, kept: "KeptStudy | None", number: int) -> None:
        from normlab.store.planning import plan_study
        from normlab.tui.study_lookup import look_up

        def is_wanted() -> bool:
            return number == self._round

        try:
            store = self._store()
            study = kept or plan_study(preset, self._device(), store=store)
            found = look_up(store, study, is_wanted)
            if found is None:
                return
            with self._wake:
                if not is_wanted() or self.is_busy:
                    return
                self.changes, self.trouble = found.changes, ""
                # Where nothing is new, what was reckoned of it stands, too.
                if self.board is None or _standing(self.board) != _standing(found.board):
                    self.board, self.estimate = found.board, None
                board = self.board
            self.touch()
            self._estimate(board, found.slots, study.device)
        except Exception as error:
            if is_wanted():
                self.trouble = told(error)
        finally:
            self.touch()

    def _estimate(self, board: "Board", found: "list[Slot]", device: str) -> None:
        with self._estimating:  # another look may be at it: what that finds is this one's, too
            known = self.estimate is not None or board.is_complete or not found
            if known or self.board is not board or self.is_busy or self._left:
                return
            # It may train for a moment: not beside a run, whose threads it would share.
            if not self.session.turn.acquire(blocking=False):
                return
            try:
                estimate = self._scaled().estimate(found, device)
            finally:
                self.session.turn.release()
            with self._wake:
                if self.board is board:
                    self.estimate = estimate

    # Reckoning.

    @property
    def is_due(self) -> bool:
        """Whether what was asked for too soon can be asked for again."""
        return self._waits and time.monotonic() >= self._next_reckoning

    def ask(self, wish: Wish) -> None:
        """Reckon, in a thread, what is wanted, unless it is there or being done."""
        board = self.board
        if board is None or self._reckons or self.reckoning.answers(wish, board):
            return
        began = time.monotonic()
        if self.stage == "running" and self.reckoning.wish == wish and began < self._next_reckoning:
            self._waits = True
            return
        self._reckons, self._waits = True, False

        def work() -> None:
            try:
                self.reckoning = reckon(wish, board)
            except Exception as error:
                self.reckoning = Reckoning(wish, board, board.version)
                if self.board is board:
                    self.trouble = told(error)
            finally:
                # A tenth of the time at most: what trains needs the processor more.
                now = time.monotonic()
                self._next_reckoning = now + max(RECKON_SECONDS, 9 * (now - began))
                self._reckons = False
                self.touch()

        self._spawn(work)


def _standing(board: "Board") -> tuple[object, ...]:
    """Give what a board shows of each run."""
    runs = {
        place: (board.runs[place], len(history.points), history.outcome)
        for place, history in board.histories.items()
    }
    return board.study.looks, board.study.preset_json, runs
