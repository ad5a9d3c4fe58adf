"""What the screens share: the form's draft, this session's runs, and the preset that they began with."""

from normlab.core.errors import Problem
from normlab.lab.draft import Draft
from normlab.lab.inspection import look
from normlab.lab.presets import BASELINE, Preset
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

    def follow(self) -> bool:
        """Mark the form against the session's baseline; True where that is another one than before."""
        baseline = self.session.baseline
        if self._fresh or baseline is None or baseline.experiment == self.draft.baseline:
            return False
        self.draft.baseline = baseline.experiment
        return True

    def refusal(self) -> Problem | None:
        """Tell what keeps the form's experiment from being run."""
        return next(iter(self.draft.refusals), None)

    def run(self, single: bool = False) -> LabRun | None:
        """Queue what the form says; None where it can't be run. `single` pauses at its first evaluation."""
        draft = self.draft
        if draft.experiment is not None and not draft.checked:
            draft.accept(draft.version, look(draft.experiment)[1])
        if draft.experiment is None or draft.refusals:
            return None
        run = self.session.queue(draft.experiment, BASELINE if self._fresh else None, single)
        if self._fresh:
            self._begin_anew([run])
        return run

    def run_all(self, preset: Preset) -> list[LabRun]:
        """Queue every arm of a preset with every seed, and compare with its baseline.

        Raises: ConfigError when those are too many.
        """
        runs = self.session.queue_preset(preset)
        self.load(preset)
        self._begin_anew(runs)
        return runs

    def _begin_anew(self, runs: list[LabRun]) -> None:
        # Runs of the preset before would only be confounded with these.
        for run in self.session.runs:
            run.shown = run in runs
        self.session.pin(runs[0])
        self._fresh = False
