"""The lab: its screens, its keys, and how it ends."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Paste
from textual.screen import Screen
from textual.theme import Theme
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from normlab.core.errors import ConfigError, NormlabError
from normlab.core.text import hidden_characters, visible
from normlab.engine.control import Control
from normlab.engine.events import FAILURES
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset, lasting_name
from normlab.tui import preferences
from normlab.tui.keys import commands, key_problems, key_rows, show_key
from normlab.tui.preferences import Preferences
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.dialogs import Confirm
from normlab.tui.screens.lab import LabScreen
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.screens.quit import QuitQuestion
from normlab.tui.session import Session, Start, start_run
from normlab.tui.themes import PALETTES
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.form import ExperimentForm
from normlab.tui.workbench import Workbench

REFRESH_SECONDS = 0.25
SAVE_SECONDS = 1.0
"""Of rest before settings are written: a key press must not wait for the disk."""
MANY_RUNS = 20
"""More than these are queued after a question only."""


class LabApp(App[None]):
    """The lab in the terminal."""

    TITLE = "normlab"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (80, "-narrow"), (120, "-wide")]  # noqa: RUF012 (Textual's own)
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (22, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "Run what the form says", id="run", show=False),
        Binding("space", "pause", "Pause or go on", id="pause", show=False),
        Binding("n", "single", "Train one epoch, then pause", id="single", show=False),
        Binding("x", "stop", "Stop and keep", id="stop", show=False),
        Binding("X", "stop_all", "Stop, and empty the queue", id="stop_all", show=False),
        Binding("l", "mode('lab')", "Lab", id="lab", show=False),
        Binding("c", "mode('compare')", "Compare", id="compare", show=False),
        Binding("k", "mode('kept')", "Runs: all that are kept", id="kept", show=False),
        Binding("p", "mode('presets')", "Presets", id="presets", show=False),
        Binding("question_mark,f1", "mode('help')", "Help", id="help", show=False),
        Binding("d", "device", "Device", id="device", show=False),
        Binding("T", "theme", "Theme", id="theme", show=False),
        Binding("R", "run_arms", "Run all arms of the preset", id="run_arms", show=False),
        Binding("q,ctrl+c", "quit", "Quit", id="quit", show=False),
        Binding("ctrl+q", "quit", "Quit, from a dialog too", id="quit_anywhere", show=False, priority=True),
    ]

    def __init__(
        self,
        preset: Preset,
        remembered: Preferences,
        *,
        device: str = "auto",
        opened: Path | None = None,
        complaints: Iterable[str] = (),
        start: Start = start_run,
    ) -> None:
        super().__init__()
        self.preferences = remembered
        self.bench = Workbench(preset, Session(self._spawn, start))
        self.bench.session.device = device
        self.bench.session.choices = remembered.chart
        self._complaints, self._told = list(complaints), set[str]()
        self._failed: set[Control] = set()
        self._opened = opened
        self._seen = -1
        self._saving: Timer | None = None
        self._signal: int | None = None
        for palette in PALETTES.values():
            self.register_theme(palette.theme)
        self.theme = remembered.theme
        self.set_keymap(remembered.keys)
        for name, make in self._screens().items():
            self.add_mode(name, make)

    def _screens(self) -> dict[str, Callable[[], Screen[None]]]:
        """Name the screens; all but the first are imported when they are wanted, or behind its back."""
        bench = self.bench

        def compare() -> Screen[None]:
            from normlab.tui.screens.compare import CompareScreen

            return CompareScreen(bench.session)

        def kept() -> Screen[None]:
            from normlab.tui.screens.runs import RunsScreen

            return RunsScreen(bench, self.fork)

        def presets() -> Screen[None]:
            from normlab.tui.screens.presets import PresetsScreen

            return PresetsScreen(
                bench.session, self.load_preset, self.run_all, lambda: bench.draft.experiment
            )

        def help_() -> Screen[None]:
            from normlab.tui.screens.help import HelpScreen

            return HelpScreen(bench.session, lambda: key_rows(self.preferences.keys))

        return {
            "lab": lambda: LabScreen(bench),
            "compare": compare,
            "kept": kept,
            "presets": presets,
            "help": help_,
        }

    # Beginning and end.

    def on_mount(self) -> None:
        self.switch_mode("lab")
        self.set_interval(REFRESH_SECONDS, self._refresh_session)
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # Windows has neither HUP nor handlers
                number = getattr(signal, name)
                asyncio.get_running_loop().add_signal_handler(number, self._caught, number)
        for complaint in self._complaints:
            self._complain(complaint)
        if self._opened is not None:
            self._remember_preset(self._opened)
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        gc.enable()
        self._open_store()
        self._load_torch()

    @work(thread=True, exit_on_error=False)
    def _open_store(self) -> None:
        """Open the store of all runs behind the first screen; what is wrong with it is told once."""
        if (problem := self.bench.open_store()) is not None:
            self.call_from_thread(self._complain, problem)

    @work(thread=True, exit_on_error=False)
    def _load_torch(self) -> None:
        """Import torch behind the first screen, so that the first run starts at once."""
        session = self.bench.session
        try:
            for screen in ("compare", "presets", "help", "runs"):
                import_module(f"normlab.tui.screens.{screen}")
            for problem in key_problems(self.preferences.keys):
                self.call_from_thread(self._complain, f"settings.toml: {problem}")
            import_module("normlab.engine.loop")
            import_module("torch._dynamo")  # 1.3 s more, at the first optimizer otherwise
            from normlab.engine.device import devices, pick_device

            auto = str(pick_device())
            session.devices = sorted(map(str, devices()), key=lambda name: name != auto)
            # torch leaves many objects that stay: each full collection would walk them.
            gc.freeze()
            session.note = ""
        except Exception as error:  # a broken installation; the forms still work
            session.note = f"PyTorch can't be loaded: {visible(str(error), 60)}"
        session.touch()

    def _spawn(self, job: Callable[[], None]) -> None:
        self.run_worker(job, thread=True, exit_on_error=False, group="training")

    @on(Worker.StateChanged)
    def _worker_changed(self, event: Worker.StateChanged) -> None:
        if event.state == WorkerState.ERROR:
            why = f"{type(event.worker.error).__name__}: {event.worker.error}"
            self.notify(visible(why, 400), severity="error", timeout=30, markup=False)

    async def action_quit(self) -> None:
        """Leave; while something trains, ask first."""
        if not self.bench.session.working or isinstance(self.screen, QuitQuestion):
            self._leave(0)
        else:
            self.push_screen(QuitQuestion(), lambda yes: self._leave(0) if yes else None)

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
        self.bench.session.interrupt("the lab broke")
        super()._handle_exception(error)

    def _leave(self, code: int, reason: str = "the lab was left") -> None:
        # Textual waits for the training's thread, which saves on its way out.
        self.bench.session.interrupt(reason)
        self.exit(return_code=code)

    async def on_event(self, event: Event) -> None:
        """Take the invisible characters out of what is pasted, whichever line or text it goes into."""
        if isinstance(event, Paste) and not event.is_forwarded:
            text = event.text.replace("\r\n", "\n").replace("\r", "\n")  # as terminals send a new line
            event.text = "".join(c for c in text if c in "\n\t" or not hidden_characters(c))
        await super().on_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Do nothing blindly: where the terminal is too small to show it, leaving is all there is."""
        small = self.screen.has_class("-tiny") or self.screen.has_class("-flat")
        return not small or action == "quit"

    # What the keys do.

    def _theme_changed(self, theme: Theme) -> None:
        self._remember(theme=theme.name)
        self._refresh_now()

    def _refresh_session(self) -> None:
        if self._seen != self.bench.session.version and isinstance(self.screen, ModeScreen):
            self._seen = self.bench.session.version
            self._tell_failures()
            self.screen.refresh_session()

    def _tell_failures(self) -> None:
        session = self.bench.session
        for run in session.runs:
            failed = run.history.outcome in FAILURES and not run.recalled
            if failed and run.control not in self._failed:  # one that goes on has another, and may fail again
                self._failed.add(run.control)
                said = f"{session.label(run)}: {run.history.outcome}: {run.history.reason or ''}"
                self.notify(visible(said, 400), severity="error", timeout=10, markup=False)

    def _refresh_now(self) -> None:
        self._seen = -1
        self._refresh_session()

    def action_mode(self, name: str) -> None:
        """Go to a screen."""
        if self.current_mode != name:
            self.switch_mode(name)
            self.call_after_refresh(self._refresh_now)

    def action_run(self, single: bool = False) -> None:
        """Queue what the form says; with `single` it pauses after its first evaluation."""
        refused = self.bench.run(single) is None
        self._refresh_form()
        if refused:
            self.notify(f"can't run: {self.bench.refusal()}", severity="error", markup=False)
            if isinstance(self.screen, LabScreen):
                self.screen.show_refusal()

    def action_pause(self) -> None:
        """Pause the run under way, or let it go on."""
        session = self.bench.session
        if session.current is not None:
            session.resume() if session.paused else session.pause()
            self._refresh_now()

    def action_single(self) -> None:
        """Train to the next evaluation, then pause; where nothing trains, start what the form says so."""
        session = self.bench.session
        if session.working:
            session.resume(single=True)
            self._refresh_now()
        else:
            self.action_run(single=True)

    def action_stop(self) -> None:
        """End the run under way and keep what it has."""
        if (run := self.bench.session.current) is not None:
            self.bench.session.stop(run)
            self._refresh_now()

    def action_stop_all(self) -> None:
        """End the run under way, and drop those that wait."""
        self.bench.session.stop_all()
        self._refresh_now()

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

    @work
    async def action_theme(self) -> None:
        """Choose the colours."""
        options = [(name, name, "") for name in PALETTES]
        chosen = await self.push_screen_wait(Choose("Theme", options, self.theme))
        if chosen is not None:
            self.theme = chosen

    def fork(self, experiment: Experiment) -> None:
        """Put a run's settings into the form, and go there."""
        self.bench.fork(experiment)
        self.action_mode("lab")
        self._refresh_form()

    def load_preset(self, preset: Preset, path: Path) -> None:
        """Put a preset into the form, and go there."""
        self.bench.load(preset)
        self._remember_preset(path)
        self.action_mode("lab")
        self._refresh_form()

    def run_all(self, preset: Preset, path: Path) -> None:
        """Queue every arm of a preset with every seed, and go to the lab; many are asked about first."""
        self._remember_preset(path)
        self._queue_all(preset)

    def action_run_arms(self) -> None:
        """Queue every arm of the loaded preset with every seed."""
        self._queue_all(self.bench.preset)

    @work
    async def _queue_all(self, preset: Preset) -> None:
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
        self._refresh_form()

    def _refresh_form(self) -> None:
        self._refresh_now()
        if isinstance(self.screen, LabScreen):
            self.screen.refresh_form()
        else:
            self.call_after_refresh(lambda: isinstance(self.screen, LabScreen) and self.screen.refresh_form())

    @on(ExperimentForm.HelpWanted)
    def _help_wanted(self, event: ExperimentForm.HelpWanted) -> None:
        self.action_mode("help")
        topic = event.topic

        def show() -> None:
            from normlab.tui.screens.help import HelpScreen

            if isinstance(self.screen, HelpScreen):
                self.screen.show(topic)

        self.call_after_refresh(show)

    @on(ChartPane.Chosen)
    def _chosen(self, event: ChartPane.Chosen) -> None:
        self._remember(chart=event.choices)

    def _remember(self, **changes: object) -> None:
        """Keep a choice for the next sitting."""
        changed = self.preferences.model_copy(update=changes)
        if changed != self.preferences:
            self.preferences = changed
            if self._saving is not None:
                self._saving.stop()
            self._saving = self.set_timer(SAVE_SECONDS, self._save)

    def _remember_preset(self, path: Path) -> None:
        name = lasting_name(path)
        if len(name) <= 400 and not hidden_characters(name):  # what the settings file could hold
            self._remember(preset=name)

    def _save(self) -> None:
        self._saving = None
        try:
            preferences.save(self.preferences)
        except ConfigError as error:
            self._complain(f"settings aren't saved: {error.problems[0]}")
        except OSError as error:
            self._complain(f"settings aren't saved: {preferences.path()}: {error.strerror}")

    def on_unmount(self) -> None:
        self.bench.session.interrupt("the lab was left")  # however it ends, no thread must wait for ever
        if self._saving is not None:
            self._save()
        self.bench.purge()

    def _complain(self, text: str) -> None:
        """Tell what is wrong beside the runs; a second time it is known."""
        if text not in self._told:
            self._told.add(text)
            self.notify(visible(text, 400), severity="warning", timeout=15, markup=False)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer what every key on this screen does in the command palette."""
        nodes = [screen.focused, *screen.query("*"), screen, self]
        for node, binding in commands(node for node in nodes if node is not None):
            run = partial(self.run_action, binding.action, node)
            key = show_key(self.preferences.keys.get(binding.id or "", binding.key))
            yield SystemCommand(binding.description, f"Key {key}", run)
