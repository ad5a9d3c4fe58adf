"""This session's runs: queued, trained one after the other, compared with a baseline. Knows no screen."""

import threading
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import count

from normlab.core.errors import ConfigError, NormlabError, Problem
from normlab.core.text import visible
from normlab.engine.control import Control
from normlab.engine.events import Event, Measured
from normlab.engine.ids import new_run_id
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.settings import Difference, differences, label
from normlab.lab.study import BASELINE
from normlab.tui.lab_run import LabRun, Start, State, start_run
from normlab.views.curves import ChartChoices
from normlab.views.history import History

Spawn = Callable[[Callable[[], None]], object]
"""Starts a thread that does the work."""

MAX_RUNS = 1_000
"""That a preset may queue at once: each is a row that is looked at four times a second."""


class Session:
    """The runs of one sitting. One thread works; every other may read, queue, pause and stop."""

    def __init__(self, spawn: Spawn, start: Start = start_run) -> None:
        self.turn = threading.Lock()
        """Held by what trains: a run of this session, or a study, whose runs have one thread each."""
        self.beside = ""
        """How what trains beside this session's runs stands, to be told with them."""
        self.runs: list[LabRun] = []
        self.baseline: LabRun | None = None
        """The run that the others are compared with: the first one, unless another is pinned."""
        self.device = "auto"
        """Where runs queued from now on train."""
        self.devices: list[str] = []
        """Those of this machine, the one that "auto" takes first; empty until torch is loaded."""
        self.note = "loading PyTorch…"
        """What is to be told beside the runs."""
        self.choices = ChartChoices()
        """How charts are drawn; touch the session after replacing it."""
        self.version = 0
        """Grows whenever something has changed that a screen may show."""
        self.current: LabRun | None = None
        """The run under way."""
        self.paused = False
        self.working = False
        """Whether a thread works through the queue, or is about to."""
        self._spawn, self._start = spawn, start
        self._single = False
        self._hues = count()
        self._wake = threading.Condition()

    # What people ask for.

    def queue(self, experiment: Experiment, arm: str | None = None, single: bool = False) -> LabRun:
        """Add a run at the end of the queue; with `single` it pauses after its first evaluation."""
        with self._wake:
            if self.baseline is not None and self.baseline.came_to_nothing:
                self.baseline = None
            arm = arm or label(self._differences(experiment))
            run = LabRun(new_run_id(), experiment, History(arm, experiment), next(self._hues), self.device)
            self._single = self._single or single
            self._append(run)
        self._begin()
        return run

    def recall(self, id: str, history: History, name: str | None) -> LabRun:
        """Add a run of another sitting, which has ended, to chart it and to compare with it."""
        run = LabRun(id, history.experiment, history, next(self._hues), name=name, taken=True, recalled=True)
        self._append(run)
        self.touch()
        return run

    def go_on(self, run: LabRun, history: History, device: str) -> bool:
        """Queue a run that has ended, to go on from its kept state; the experiment may be a longer one.

        False where it hasn't ended: it trains, or waits for its turn.
        """
        with self._wake:
            if not run.finished or run is self.current:
                return False
            run.experiment, run.device, run.control = history.experiment, device, Control()
            run.history = replace(history, outcome=None, reason=None)
            run.trace, run.taken, run.resumes, run.recalled, run.shown = None, False, True, False, True
        self._begin()
        return True

    def _append(self, run: LabRun) -> None:
        with self._wake:
            self.runs.append(run)
            self.baseline = self.baseline or run

    def _begin(self) -> None:
        with self._wake:
            idle, self.working = not self.working, True
        self.touch()
        if idle:
            self._spawn(self.work)

    def queue_preset(self, preset: Preset) -> list[LabRun]:
        """Queue every arm with every seed; the preset's own baseline becomes the session's.

        Raises: ConfigError when those are more runs than a sitting can hold; none is queued then.
        """
        count = len(preset.experiments) * len(preset.seeds)
        if count > MAX_RUNS:
            remedy = "run it headless: normlab --preset NAME --no-ui"
            raise ConfigError(Problem("preset", f"has more than {MAX_RUNS:,} runs", remedy, count))
        runs: list[LabRun] = []
        for arm, experiment in preset.runs():
            run = self.queue(experiment, arm)
            run.name = None if arm == BASELINE else arm
            runs.append(run)
            self.baseline = runs[0]
        return runs

    def pause(self) -> None:
        """Hold the run under way at its next event; nothing is pulled from it until `resume`."""
        with self._wake:
            self.paused = True
            self._step_current(True)
        self.touch()

    def resume(self, single: bool = False) -> None:
        """Go on; with `single` only to the next evaluation: an epoch, unless settings say otherwise."""
        with self._wake:
            self.paused, self._single = False, single
            self._step_current(single)
            self._wake.notify_all()
        self.touch()

    def stop(self, run: LabRun, reason: str | None = None) -> None:
        """End a run and keep what it has; one that still waits is dropped."""
        with self._wake:
            if not run.taken:
                self._remove([run])
            elif run is self.current:
                run.control.stop(reason)
                self._go_on()
        self.touch()

    def stop_all(self, reason: str | None = None) -> None:
        """End the run under way, keep what it has, and drop those that wait."""
        with self._wake:
            self._remove(self.waiting)
            if self.current is not None:
                self.stop(self.current, reason)
        self.touch()

    def interrupt(self, reason: str) -> None:
        """End the run under way as interrupted, and drop those that wait: the program ends."""
        with self._wake:
            self._remove(self.waiting)
            if self.current is not None:
                self.current.control.interrupt(reason)
            self._go_on()

    def drop(self, run: LabRun) -> None:
        """Take a run off the list, unless it trains; its folder stays."""
        with self._wake:
            if run is not self.current:
                self._remove([run])
        self.touch()

    def _remove(self, gone: list[LabRun]) -> None:
        self.runs = [run for run in self.runs if run not in gone]
        if self.baseline not in self.runs:
            self.baseline = next(iter(self.runs), None)

    def _go_on(self) -> None:
        # A pause is that of the run under way: the next one trains.
        self.paused = self._single = False
        self._wake.notify_all()

    def pin(self, run: LabRun) -> None:
        """Make a run the baseline."""
        self.baseline = run
        self.touch()

    def touch(self) -> None:
        """Note that something has changed."""
        self.version += 1

    # What people are shown.

    def state(self, run: LabRun) -> State:
        """Tell how a run stands."""
        if run.history.outcome is not None:
            return run.history.outcome
        if run is not self.current:
            return "queued"
        return "paused" if self.paused else "running"

    def changes(self, run: LabRun) -> list[Difference]:
        """List the settings in which a run differs from the baseline."""
        return self._differences(run.experiment)

    def _differences(self, experiment: Experiment) -> list[Difference]:
        return list(differences(self.baseline.experiment, experiment)) if self.baseline else []

    def label(self, run: LabRun) -> str:
        """Name a run: as somebody called it, or by what it changes; harmless to show."""
        # What an arm was called says little beside another baseline.
        text = run.name or (f"{run.history.arm} · {run.id}" if run.recalled else label(self.changes(run)))
        own, other = run.experiment.seed, self.baseline.experiment.seed if self.baseline else 0
        return visible(text, 60) + (f" · seed {own}" if own != other else "")

    def heading(self, run: LabRun) -> str:
        """Name a run, and say so where it is the baseline."""
        text = self.label(run)
        return f"{text} ({BASELINE})" if run is self.baseline and text != BASELINE else text

    @property
    def device_in_use(self) -> str:
        """The device that a run queued now would train on, as far as that is known."""
        return self.devices[0] if self.device == "auto" and self.devices else self.device

    @property
    def trains(self) -> bool:
        """Whether a run is still to be trained to its end: one under way, or one that waits."""
        waits, current = self.waiting, self.current  # in this order: what no longer waits is current
        return bool(waits) or (current is not None and not current.finished)

    @property
    def waiting(self) -> list[LabRun]:
        """The runs whose turn is yet to come."""
        return [run for run in self.runs if not run.taken]

    @property
    def drawn(self) -> list[LabRun]:
        """The picked runs that have begun."""
        return [run for run in self.runs if run.shown and run.taken]

    # What the working thread does.

    def work(self) -> None:
        """Train what is queued, one run after the other, until nothing waits; none while a study trains."""
        while True:
            with self.turn:
                if (run := self._take()) is None:
                    return
                self._train(run)

    def _take(self) -> LabRun | None:
        with self._wake:
            run = next(iter(self.waiting), None)
            self.current, self.working = run, run is not None
            if run is None:
                self._go_on()
            else:
                run.taken = True
                self._step_current(self._single)
        self.touch()
        return run

    def _train(self, run: LabRun) -> None:
        history = run.history
        try:
            with closing(self._start(run)) as events:
                for event in events:
                    history.fold(event)
                    self.touch()
                    self._hold(run, event)
                    if run.control.outcome is not None and not history.num_steps:
                        break  # while data is downloaded no loop looks at the control
            if not run.finished:
                history.outcome, history.reason = run.control.outcome or "failed", run.control.reason
        except NormlabError as error:
            history.fail(str(error))
        except Exception as error:  # torch's fault or ours: the row tells it, and the lab goes on
            run.trace = traceback.format_exc()
            history.fail(f"{type(error).__name__}: {error}")
        finally:
            self.touch()

    def _step_current(self, stepping: bool) -> None:
        if self.current is not None:
            self.current.control.stepping = stepping

    def _hold(self, run: LabRun, event: Event) -> None:
        with self._wake:
            if self._single and isinstance(event, Measured):
                self.paused, self._single = True, False
                self.touch()
            while self.paused and run.control.outcome is None and not run.finished:
                self._wake.wait()
