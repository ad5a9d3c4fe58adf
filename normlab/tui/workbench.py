"""What the screens share: the form's draft, this session's runs, their preset, and the store of all runs."""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from normlab.core.errors import NormlabError, Problem
from normlab.lab.draft import Draft
from normlab.lab.experiment import Experiment
from normlab.lab.inspection import look
from normlab.lab.presets import Preset
from normlab.lab.study import BASELINE
from normlab.tui.session import LabRun, Session

if TYPE_CHECKING:
    from normlab.store.store import Store

PURGE_SECONDS = 1.0
"""That leaving the lab waits for what was deleted."""


class Workbench:
    """The draft and the runs, and what leads from one to the other."""

    def __init__(self, preset: Preset, session: Session) -> None:
        self.session = session
        self.draft = Draft(preset.experiment)
        self.preset = preset
        """The preset loaded last."""
        self.store: Store | None = None
        """Where runs are kept; none until it is open, or where it can't be opened."""
        self.no_store = "The store of all runs is being opened."
        """Why there is none."""
        self.deleted: list[str] = []
        """Ids of the kept runs that were deleted in this sitting, and can be brought back in it."""
        self._fresh = True

    def load(self, preset: Preset) -> None:
        """Put a preset into the form. A new comparison begins: its first run will be the baseline."""
        self.preset, self._fresh = preset, True
        self.draft.load(preset.experiment)

    def fork(self, experiment: Experiment) -> None:
        """Put a run's settings into the form; what is changed there is marked against the baseline."""
        baseline = self.session.baseline
        self.draft.load(experiment, baseline.experiment if baseline else experiment)
        self._fresh = baseline is None

    def open_store(self) -> str | None:
        """Open the store of all runs; give what a person should know of it."""
        from normlab.store.errors import StoreError
        from normlab.store.sweep import open_swept

        try:
            self.store = open_swept()
        except StoreError as error:
            self.no_store = f"Runs aren't kept: {error}"
            return self.no_store
        finally:
            self.session.touch()
        return str(self.store.problem) if self.store.problem else None

    def purge(self) -> None:
        """Take what was deleted in this sitting off the disk; where that fails, it stays hidden.

        It takes `PURGE_SECONDS` at most: `normlab runs prune` removes what is left.
        """
        if (store := self.store) is not None and self.deleted:
            from normlab.store.edit import purge

            def work() -> None:
                with suppress(NormlabError, OSError):
                    purge(store, self.deleted)

            thread = threading.Thread(target=work, name="normlab purge", daemon=True)
            thread.start()
            thread.join(PURGE_SECONDS)

    def name_run(self, id: str, name: str | None) -> None:
        """Call a run by a name here and in the store; with none by what it changes, or was called at first.

        Raises: ConfigError; StoreError.
        """
        for run in self.session.runs:
            if run.id == id:
                run.name = name
        self.session.touch()
        if self.store is not None:
            from normlab.store.edit import rename

            rename(self.store, id, name)

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
            run.shown = run in runs or (run.shown and run.recalled)
        self.session.pin(runs[0])
        self._fresh = False
