"""A study as it is run: waited for, trained in a thread, paused, stopped. Knows no screen."""

import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from normlab.core.errors import ConfigError, NormlabError, Problem
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.events import RunCreated, RunFinished, RunStarted
from normlab.lab.one_change import Change
from normlab.lab.presets import Preset
from normlab.tui.session import Session, Spawn

if TYPE_CHECKING:
    from normlab.engine.events import Event
    from normlab.scale.estimate import Estimate
    from normlab.store.slots import Slot
    from normlab.store.store import Store
    from normlab.store.studies import KeptStudy
    from normlab.views.board import Board

Stage = Literal["idle", "waiting", "running", "paused", "ending"]

WAIT_SECONDS = 0.1
TELL_SECONDS = 1.0
"""Between two changes of what the other screens tell of a study that is run."""


@dataclass(frozen=True)
class Scale:
    """How studies are run: as `normlab.scale` does, or as a test's script does."""

    execute: "Callable[..., Generator[tuple[Slot, Event]]]"
    estimate: "Callable[[Iterable[Slot], str], Estimate | None]"


class StudyTraining:
    """The runs of a study. One thread trains; every other may read, pause and stop."""

    def __init__(
        self, session: Session, store: "Callable[[], Store | None]", spawn: Spawn, scale: Scale | None
    ) -> None:
        self.session = session
        self.preset: Preset | None = None
        """What is planned; none before there is a baseline."""
        self.changes: tuple[Change, ...] = ()
        """What its arms change, and what follows; empty until that is known."""
        self.board: Board | None = None
        """What is made of it; none until that is looked up."""
        self.estimate: Estimate | None = None
        self.jobs = 1
        """Runs that are trained at a time."""
        self.stage: Stage = "idle"
        self.trouble = ""
        """What went wrong last."""
        self.version = 0
        """Grows whenever something has changed but for the board, which counts by itself."""
        self._store, self._spawn, self._scale = store, spawn, scale
        self._kept: KeptStudy | None = None
        self._num_to_end: int | None = None
        """Of the runs that are made, those that have no end yet; none before it is known which are made."""
        self._control = Control()
        self._wake = threading.Condition()
        self._round, self._left = 0, False
        self._made_before, self._trained_seconds, self._told = 0.0, 0.0, 0.0

    @property
    def is_busy(self) -> bool:
        """Whether it is run, or about to be."""
        return self.stage != "idle"

    @property
    def trains(self) -> bool:
        """Whether runs of it are still to be trained to their end."""
        return self.is_busy and self._num_to_end != 0

    def touch(self) -> None:
        """Note that something has changed."""
        self.version += 1

    def look(self) -> None:
        """Look up what is made of the study by now."""
        raise NotImplementedError

    # What people ask for.

    def run(self) -> None:
        """Train what is missing; once the lab's own run has ended, where one trains."""
        if self.preset is None or self.is_busy:
            return
        if self._kept is not None and self._kept.origin is not None:
            self.trouble = f"study {self._kept.id} begins with kept weights: run it with normlab studies"
            self.touch()
            return
        self._control, self.trouble, self._num_to_end = Control(), "", None
        self._round += 1
        self._set("waiting")
        self._spawn(self._work)

    def pause(self) -> None:
        """Hold at the next event, or go on."""
        with self._wake:
            if self.stage in ("running", "paused"):
                self.stage = "paused" if self.stage == "running" else "running"
                self._say()
                self._wake.notify_all()
        self.touch()

    def stop(self) -> None:
        """End the runs under way and keep what they have; those that wait stay to be made."""
        self._end(lambda: self._control.stop())

    def interrupt(self, reason: str) -> None:
        """End them as interrupted: the program ends."""
        self._round, self._left = self._round + 1, True
        self._end(lambda: self._control.interrupt(reason))

    def _end(self, how: Callable[[], None]) -> None:
        with self._wake:
            if self.is_busy:
                how()
                self.stage = "ending"
                self._say()
                self._wake.notify_all()
        self.touch()

    # What the thread does.

    def _set(self, stage: Stage) -> None:
        with self._wake:
            if self.stage != "ending":
                self.stage = stage
        self.touch()

    def _work(self) -> None:
        control, trouble = self._control, ""
        try:
            with self._turn() as mine:
                if mine:
                    self._set("running")
                    self._train()
        except Exception as error:
            trouble = told(error)
        finally:
            if control.outcome == "interrupted" and not self._left:  # the disk is full
                trouble = trouble or control.reason or ""
            with self._wake:
                # All of it before it is idle: from then on another plan may stand here.
                self.estimate, self.trouble, self.session.beside = None, trouble, ""
                self.stage = "idle"
            self.touch()
            self.session.touch()
        if not trouble and not self._left:
            self.look()

    @contextmanager
    def _turn(self) -> Generator[bool]:
        """Wait until nothing else trains in this process; False where it was stopped meanwhile."""
        lock = self.session.turn
        while not (mine := lock.acquire(timeout=WAIT_SECONDS)) and self._control.outcome is None:
            pass
        try:
            yield mine and self._control.outcome is None
        finally:
            if mine:
                lock.release()

    def _train(self) -> None:
        from normlab.store.planning import keep_study, plan_study
        from normlab.tui.study_lookup import look_up

        store, preset = self._store(), self.preset
        if store is None or preset is None:
            raise ConfigError(Problem("study", "can't be run: there is no store", "see the message about it"))
        device = self._kept.device if self._kept else self._device()
        study = plan_study(preset, device) if store.is_read_only else keep_study(store, preset, device)
        found = look_up(store, study)
        assert found is not None, "it is wanted"
        board = self.board = found.board
        self.changes = found.changes
        self._num_to_end = sum(not (slot.is_done or slot.is_under_way) for slot in found.slots)
        self._made_before, self._trained_seconds, self._told = self._made(), 0.0, 0.0
        self.touch()
        execute = self._scaled().execute
        begun, before = False, time.monotonic()
        with closing(
            execute(found.slots, store, device=device, jobs=self.jobs, control=self._control)
        ) as events:
            for slot, event in events:
                begins = isinstance(event, RunCreated | RunStarted)
                made = self._made() if begins else 0.0
                board.fold(slot, event)
                self._num_to_end -= isinstance(event, RunFinished)
                if begins:  # what a run brings along that goes on, or is made again, isn't made now
                    self._made_before += self._made() - made
                self._trained_seconds += time.monotonic() - before
                if not begun and isinstance(event, RunStarted):  # until then torch is loaded
                    begun, self._trained_seconds = True, 0.0
                self._tell()
                self._hold()
                before = time.monotonic()

    def _hold(self) -> None:
        with self._wake:
            while self.stage == "paused":
                self._wake.wait()

    def _tell(self) -> None:
        if time.monotonic() - self._told > TELL_SECONDS:
            self._told = time.monotonic()
            with self._wake:
                self._say()

    def _say(self) -> None:
        if self.board is not None and self.stage in ("running", "paused", "ending"):
            paused = " paused" if self.stage == "paused" else ""
            self.session.beside = f"study {self.board.num_ended:,}/{self.board.num_runs:,}{paused}"
            self.session.touch()

    def _made(self) -> float:
        """Count the runs that are made, those under way by their steps."""
        assert self.board is not None
        return sum(
            1.0 if history.outcome else history.step / history.num_steps
            for history in list(self.board.histories.values())
            if history.outcome not in ("stopped", "interrupted") and (history.outcome or history.num_steps)
        )

    @property
    def share(self) -> float:
        """How much of the study is made, from 0 to 1."""
        return self._made() / self.board.num_runs if self.board else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate what is left of the time: from the estimate, and the more from what was made.

        Arms aren't equally quick: the pace is that of all of them once each has had a run.
        """
        if self.board is None:
            return None
        made, todo = self._made() - self._made_before, self.board.num_runs - self._made_before
        told = self.estimate.seconds_with(self.jobs) if self.estimate else None
        if made < 0.2:
            return told
        paced = self._trained_seconds / made * (todo - made)
        weight = 1.0 if told is None else min(1.0, made / len(self.board.cells))
        return weight * paced + (1 - weight) * max(0.0, (told or 0.0) - self._trained_seconds)

    def _scaled(self) -> Scale:
        if self._scale is None:
            from normlab.scale.estimate import estimate
            from normlab.scale.execute import execute

            self._scale = Scale(execute, estimate)
        return self._scale

    def _device(self) -> str:
        if self.session.device != "auto":
            return self.session.device
        if self.session.devices:
            return self.session.devices[0]
        from normlab.engine.device import pick_device

        return str(pick_device())


def told(error: Exception) -> str:
    """Write an error in a line."""
    if isinstance(error, NormlabError):
        return "; ".join(map(str, error.problems))
    return visible(f"{type(error).__name__}: {error}", 400)
