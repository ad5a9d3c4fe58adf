"""The lab: its screens, its keys, and how it ends."""

from collections.abc import Iterable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, Paste
from textual.screen import Screen
from textual.theme import Theme
from textual.timer import Timer

from normlab.core.errors import ConfigError
from normlab.core.garbage import collect_from_here
from normlab.core.text import hidden_characters, visible
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset, lasting_name
from normlab.tui import preferences
from normlab.tui.keys import commands, key_problems, key_rows, show_key
from normlab.tui.preferences import Preferences
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.lab import LabScreen
from normlab.tui.screens.mode import ModeScreen
from normlab.tui.session import Start, start_run
from normlab.tui.study_training import Scale
from normlab.tui.themes import PALETTES
from normlab.tui.training_app import TrainingApp
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.form import ExperimentForm

REFRESH_SECONDS = 0.25
SAVE_SECONDS = 1.0
"""Of rest before settings are written: a key press must not wait for the disk."""


class LabApp(TrainingApp):
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
        Binding("j", "mode('study')", "Study: seeds judge", id="study", show=False),
        Binding("c", "mode('compare')", "Compare", id="compare", show=False),
        Binding("k", "mode('kept')", "Runs: all that are kept", id="kept", show=False),
        Binding("p", "mode('presets')", "Presets", id="presets", show=False),
        Binding("question_mark,f1", "mode('help')", "Help", id="help", show=False),
        Binding("d", "device", "Device", id="device", show=False),
        Binding("T", "theme", "Theme", id="theme", show=False),
        Binding("R", "run_arms", "Run all arms of the preset", id="run_arms", show=False),
        Binding("plus", "add_arm", "Add the form as an arm of the study", id="add_arm", show=False),
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
        scale: Scale | None = None,
    ) -> None:
        super().__init__(preset, start, scale)
        self.preferences = remembered
        self.bench.session.device = device
        self.bench.session.choices = remembered.chart
        self._complaints = list(complaints)
        self._opened = opened
        self._seen = -1
        self._saving: Timer | None = None
        for palette in PALETTES.values():
            self.register_theme(palette.theme)
        self.theme = remembered.theme
        self.set_keymap(remembered.keys)
        screens = {
            "lab": lambda: LabScreen(self.bench),
            "study": self._study,
            "compare": self._compare,
            "kept": self._kept,
            "presets": self._presets,
            "help": self._help,
        }
        for name, make in screens.items():
            self.add_mode(name, make)

    # The screens; all but the first are imported when they are wanted, or behind its back.

    def _study(self) -> Screen[None]:
        from normlab.tui.screens.study import StudyScreen

        return StudyScreen(self.bench, self.desk)

    def _compare(self) -> Screen[None]:
        from normlab.tui.screens.compare import CompareScreen

        return CompareScreen(self.bench.session)

    def _kept(self) -> Screen[None]:
        from normlab.tui.screens.runs import RunsScreen

        return RunsScreen(self.bench, self.fork)

    def _presets(self) -> Screen[None]:
        from normlab.tui.screens.presets import PresetsScreen

        draft = self.bench.draft
        return PresetsScreen(self.bench.session, self.load_preset, self.run_all, lambda: draft.experiment)

    def _help(self) -> Screen[None]:
        from normlab.tui.screens.help import HelpScreen

        return HelpScreen(self.bench.session, lambda: key_rows(self.preferences.keys))

    # Beginning and end.

    def on_mount(self) -> None:
        self.switch_mode("lab")
        self.set_interval(REFRESH_SECONDS, self._refresh_session)
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        self.heed_signals()
        for complaint in self._complaints:
            self.complain(complaint)
        if self._opened is not None:
            self._remember_preset(self._opened)
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        collect_from_here()
        self.open_store()
        self._load_torch()

    @work(thread=True, exit_on_error=False)
    def _load_torch(self) -> None:
        """Import torch behind the first screen, so that the first run starts at once."""
        session = self.bench.session
        try:
            for screen in ("compare", "presets", "help", "runs", "study"):
                import_module(f"normlab.tui.screens.{screen}")
            for problem in key_problems(self.preferences.keys):
                self.call_from_thread(self.complain, f"settings.toml: {problem}")
            import_module("normlab.engine.loop")
            from normlab.engine.device import devices, pick_device

            auto = str(pick_device())
            session.devices = sorted(map(str, devices()), key=lambda name: name != auto)
            collect_from_here()
            session.note = ""
        except Exception as error:  # a broken installation; the forms still work
            session.note = f"PyTorch can't be loaded: {visible(str(error), 60)}"
        session.touch()

    async def on_event(self, event: Event) -> None:
        """Take the invisible characters out of what is pasted, whichever line or text it goes into."""
        if isinstance(event, Paste) and not event.is_forwarded:
            text = event.text.replace("\r\n", "\n").replace("\r", "\n")  # as terminals send a new line
            event.text = "".join(c for c in text if c in "\n\t" or not hidden_characters(c))
        await super().on_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Do nothing blindly: where the terminal is too small to show it, leaving is all there is."""
        small = self.screen.has_class("-tiny") or self.screen.has_class("-flat")
        if self.current_mode == "study" and action in ("single", "run_arms"):
            return False  # they train what isn't seen there
        return not small or action == "quit"

    # What the keys do.

    def _theme_changed(self, theme: Theme) -> None:
        self._remember(theme=theme.name)
        self.refresh_now()

    def _refresh_session(self) -> None:
        if not self.screen_stack:  # the lab is being left
            return
        if self._seen != self.bench.session.version and isinstance(self.screen, ModeScreen):
            self._seen = self.bench.session.version
            self.tell_failures()
            self.screen.refresh_session()

    def refresh_now(self) -> None:
        """Show on the screen in front what has changed."""
        self._seen = -1
        self._refresh_session()

    def action_mode(self, name: str) -> None:
        """Go to a screen."""
        if self.current_mode != name:
            self.switch_mode(name)
            self.call_after_refresh(self.refresh_now)

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
        self.refresh_form()

    def load_preset(self, preset: Preset, path: Path) -> None:
        """Put a preset into the form, and go there; it is the study that is planned, too."""
        self.bench.load(preset)
        if self.desk.is_busy:
            self.notify("The study that is being run stays on the Study screen.", markup=False)
        else:
            self.desk.load(preset)
        self._remember_preset(path)
        self.action_mode("lab")
        self.refresh_form()

    def run_all(self, preset: Preset, path: Path) -> None:
        """Queue every arm of a preset with every seed, and go to the lab; many are asked about first."""
        self._remember_preset(path)
        self.queue_all(preset)

    def refresh_form(self) -> None:
        """Show a form that was changed from elsewhere, too."""
        self.refresh_now()
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
            self.complain(f"settings aren't saved: {error.problems[0]}")
        except OSError as error:
            self.complain(f"settings aren't saved: {preferences.path()}: {error.strerror}")

    def on_unmount(self) -> None:
        self.interrupt("the lab was left")  # however it ends
        if self._saving is not None:
            self._save()
        self.bench.purge()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer what every key on this screen does in the command palette."""
        nodes = [screen.focused, *screen.query("*"), screen, self]
        for node, binding in commands(node for node in nodes if node is not None):
            run = partial(self.run_action, binding.action, node)
            key = show_key(self.preferences.keys.get(binding.id or "", binding.key))
            yield SystemCommand(binding.description, f"Key {key}", run)
