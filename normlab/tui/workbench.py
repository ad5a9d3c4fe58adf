"""What the screens share: the form's draft, this session's runs, and the preset that they began with."""

from normlab.core.errors import Problem
from normlab.lab.checks import problems
from normlab.lab.draft import Draft
from normlab.lab.presets import Preset
from normlab.tui.session import LabRun, Session


class Workbench:
    """The draft and the runs, and what leads from one to the other."""

    def __init__(self, preset: Preset, session: Session) -> None:
        self.session = session
        self.draft = Draft(preset.experiment)
        self.preset = preset
        """The preset loaded last."""
        self._fresh = True

    def load(self, preset: Preset) -> None:
        """Put a preset into the form. A new comparison begins: its first run will be the baseline."""
        self.preset, self._fresh = preset, True
        self.draft.load(preset.experiment)

    def fork(self, run: LabRun) -> None:
        """Put a run's settings into the form; what is changed there is marked against the baseline."""
        baseline = self.session.baseline or run
        self.draft.load(run.experiment, baseline.experiment)
        self._fresh = False

    def refusal(self) -> Problem | None:
        """Tell what keeps the form's experiment from being run."""
        return next(iter(self.draft.refusals), None)

    def run(self) -> LabRun | None:
        """Queue what the form says; None where it can't be run."""
        draft = self.draft
        if draft.experiment is not None and not draft.checked:
            draft.accept(draft.version, list(problems(draft.experiment)))
        if draft.experiment is None or draft.refusals:
            return None
        run = self.session.queue(draft.experiment)
        if self._fresh:
            self.pin(run)
        return run

    def run_all(self, preset: Preset) -> list[LabRun]:
        """Queue every arm of a preset with every seed, and compare with its baseline."""
        self.load(preset)
        runs = self.session.queue_preset(preset)
        self.pin(runs[0])
        return runs

    def pin(self, run: LabRun) -> None:
        """Make a run the baseline, of the other runs and of the form."""
        self.session.pin(run)
        self.draft.baseline = run.experiment
        self._fresh = False
