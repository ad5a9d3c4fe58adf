"""The lab as far as it trains: what the keys do to runs and studies, and how it ends without losing any."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from textual import on, work
from textual.app import App
from textual.worker import Worker, WorkerState

from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.events import FAILURES
from normlab.lab.presets import Preset
from normlab.lab.study import BASELINE
from normlab.tui.keys import key_of
from normlab.tui.lab_run import Start
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.dialogs import MANY_RUNS, Confirm
from normlab.tui.screens.lab import LabScreen
from normlab.tui.screens.quit import QuitQuestion
from normlab.tui.session import Session
from normlab.tui.study_desk import StudyDesk
from normlab.tui.study_training import Scale
from normlab.tui.workbench import Workbench


class TrainingApp(App[None]):
    """Trains by the keys, in threads that it outlives."""

    def __init__(self, preset: Preset, start: Start, scale: Scale | None) -> None:
        super().__init__()
        self.bench = Workbench(preset, Session(self._spawn, start))
        self.desk = StudyDesk(self.bench.session, lambda: self.bench.store, self._spawn, preset, scale)
        self._signal: int | None = None
        self._told, self._failed = set[str](), set[Control]()

    def _spawn(self, job: Callable[[], None]) -> None:
        self.run_worker(job, thread=True, exit_on_error=False, group="training")

    @on(Worker.StateChanged)
    def _worker_changed(self, event: Worker.StateChanged) -> None:
        if event.state == WorkerState.ERROR:
            why = f"{type(event.worker.error).__name__}: {event.worker.error}"
            self.notify(visible(why, 400), severity="error", timeout=30, markup=False)

    @work(thread=True, exit_on_error=False)
    def open_store(self) -> None:
        """Open the store of all runs behind the first screen; what is wrong with it is told once."""
        if (problem := self.bench.open_store()) is not None:
            self.call_from_thread(self.complain, problem)

    def complain(self, text: str) -> None:
        """Tell what is wrong beside the runs; a second time it is known."""
        if text not in self._told:
            self._told.add(text)
            self.notify(visible(text, 400), severity="warning", timeout=15, markup=False)

    def tell_failures(self) -> None:
        """Tell of runs that have failed since the last time."""
        session = self.bench.session
        for run in session.runs:
            failed = run.history.outcome in FAILURES and not run.recalled
            if failed and run.control not in self._failed:  # one that goes on has another, and may fail again
                self._failed.add(run.control)
                said = f"{session.label(run)}: {run.history.outcome}: {run.history.reason or ''}"
                self.notify(visible(said, 400), severity="error", timeout=10, markup=False)

    def refresh_now(self) -> None:
        """Show on the screen in front what has changed."""
        raise NotImplementedError

    def refresh_form(self) -> None:
        """Show a form that was changed from elsewhere, too."""
        raise NotImplementedError

    def action_mode(self, name: str) -> None:
        """Go to a screen."""
        raise NotImplementedError

    # What the keys do.

    def action_run(self, single: bool = False) -> None:
        """Queue what the form says; with `single` it pauses after its first evaluation."""
        refused = self.bench.run(single) is None
        self.refresh_form()
        if refused:
            self.notify(f"can't run: {self.bench.refusal()}", severity="error", markup=False)
            if isinstance(self.screen, LabScreen):
                self.screen.show_refusal()

    def action_pause(self) -> None:
        """Pause the run under way, or let it go on."""
        session = self.bench.session
        if session.current is not None:
            session.resume() if session.paused else session.pause()
            self.refresh_now()

    def action_single(self) -> None:
        """Train to the next evaluation, then pause; where nothing trains, start what the form says so."""
        session = self.bench.session
        if session.trains:
            session.resume(single=True)
            self.refresh_now()
        else:
            self.action_run(single=True)

    def action_stop(self) -> None:
        """End the run under way and keep what it has."""
        if (run := self.bench.session.current) is not None:
            self.bench.session.stop(run)
            self.refresh_now()

    def action_stop_all(self) -> None:
        """End the run under way, and drop those that wait."""
        self.bench.session.stop_all()
        self.refresh_now()

    def action_add_arm(self) -> None:
        """Add what the form says to the study: as an arm, or as its baseline."""
        experiment, refusal = self.bench.draft.experiment, self.bench.refusal()
        if experiment is None or refusal is not None:
            self.notify(f"can't be an arm: {refusal}", severity="error", markup=False)
            return
        try:
            name = self.desk.add(experiment)
        except NormlabError as error:
            self.notify(visible(str(error), 400), severity="warning", timeout=10, markup=False)
            return
        preset, what = self.desk.preset, "The study's baseline is set"
        if preset is not None and name != BASELINE:
            many = f"{len(preset.seeds):,} seed{'s' * (len(preset.seeds) > 1)} each, {preset.num_runs:,} runs"
            what = f"Added the arm “{visible(name)}” ({many})"
        self.notify(f"{what}: see Study ({key_of(self, 'study', 'j')}).", markup=False)

    @work
    async def action_device(self) -> None:
        """Choose the device of the runs queued from now on."""
        session = self.bench.session
        known = session.devices or ["cpu"]
        more = "" if session.devices else "; others are looked for while PyTorch loads"
        options = [("auto", "auto", f"CUDA, else MPS, else the CPU{more}")]
        options += [(name, name, "") for name in known]
        chosen = await self.push_screen_wait(Choose("Device of the next runs", options, session.device))
        if chosen is not None:
            session.device = chosen
            session.touch()

    def action_run_arms(self) -> None:
        """Queue every arm of the loaded preset with every seed."""
        self.queue_all(self.bench.preset)

    @work
    async def queue_all(self, preset: Preset) -> None:
        """Queue every arm of a preset with every seed, and go to the lab; many are asked about first."""
        count = len(preset.experiments) * len(preset.seeds)
        question = (
            f"Queue {count:,} runs: {len(preset.experiments)} arms with {len(preset.seeds)} seeds each?"
        )
        if count > MANY_RUNS and not await self.push_screen_wait(Confirm(question, "Run them")):
            return
        try:
            self.bench.run_all(preset)
        except NormlabError as error:
            self.notify(str(error), severity="error", timeout=15, markup=False)
            return
        self.action_mode("lab")
        self.refresh_form()

    # The end.

    def heed_signals(self) -> None:
        """Save and restore the terminal on a signal, too."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # Windows has neither HUP nor handlers
                number = getattr(signal, name)
                asyncio.get_running_loop().add_signal_handler(number, self._caught, number)

    async def action_quit(self) -> None:
        """Leave; while something trains, ask first."""
        trains = self.bench.session.trains or self.desk.trains
        if not trains or isinstance(self.screen, QuitQuestion):
            self._leave(0)
        else:
            question = QuitQuestion("study" if self.desk.trains else "run")
            self.push_screen(question, lambda yes: self._leave(0) if yes else None)

    def _caught(self, number: int) -> None:
        """End on a signal: save and restore; a second one doesn't wait for the training's thread."""
        if self._signal is not None:
            if self._driver is not None:
                self._driver.stop_application_mode()
            os._exit(128 + number)
        self._signal = number
        self._leave(128 + number, f"signal {signal.Signals(number).name}")

    def _handle_exception(self, error: Exception) -> None:
        # Else asyncio waits for ever for the thread of a run that is paused.
        self.interrupt("the lab broke")
        super()._handle_exception(error)

    def _leave(self, code: int, reason: str = "the lab was left") -> None:
        # Textual waits for the training's thread, which saves on its way out.
        self.interrupt(reason)
        self.exit(return_code=code)

    def interrupt(self, reason: str) -> None:
        """End what trains as interrupted: no thread must wait for ever."""
        self.desk.interrupt(reason)
        self.bench.session.interrupt(reason)
