"""Study: what can be done with one: it is planned, run, opened, saved, and its runs are looked at."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from normlab.core.errors import NormlabError
from normlab.core.text import visible
from normlab.lab.presets import Preset
from normlab.lab.study import Claim
from normlab.tui.arms import remove_arm, rename_arm, with_claims, with_seeds
from normlab.tui.keys import key_of
from normlab.tui.screens.annotate import TROUBLE
from normlab.tui.screens.choose import Choose
from normlab.tui.screens.dialogs import MANY_RUNS, Ask, Confirm
from normlab.tui.screens.lab import check_name
from normlab.tui.screens.save_preset import SavePreset
from normlab.tui.screens.study_view import StudyView
from normlab.tui.study_desk import StudyDesk
from normlab.tui.widgets.kept_table import begun
from normlab.tui.widgets.study_grid import StudyGrid
from normlab.tui.widgets.study_plan import StudyPlan
from normlab.tui.workbench import Workbench
from normlab.views.durations import clock

LONG_SECONDS = 300.0
"""What takes longer is begun after a question only."""


class StudyScreen(StudyView):
    """The study on the desk. What reads the store is done in threads."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run_study", "Run what is missing", id="study.run", show=False),
        Binding("space", "pause_study", "Pause or go on", id="study.pause", show=False),
        Binding("x,X", "stop_study", "Stop and keep", id="study.stop", show=False),
        Binding("a", "add_claim", "Add a claim", id="study.add_claim"),
        Binding("o", "open", "Open one", id="study.open"),
        Binding("w", "save", "Save as preset", id="study.save", show=False),
        Binding("N", "new", "New study", id="study.new", show=False),
    ]

    def __init__(self, bench: Workbench, desk: StudyDesk) -> None:
        super().__init__(desk)
        self.bench = bench

    def complain(self, error: object) -> None:
        """Tell what can't be done."""
        self.notify(visible(str(error), 400), severity="warning", timeout=10, markup=False)

    def _change(self, change: Callable[[Preset], Preset]) -> None:
        """Plan something else; tell why where that can't be."""
        try:
            if (preset := self.desk.preset) is not None:
                self.desk.load(change(preset))
        except NormlabError as error:
            self.complain(error)
        self._look()

    def _refused(self) -> bool:
        """Tell that the plan stays as it is while it is run; before anything is typed for nothing."""
        if self.desk.is_busy:
            self.complain("The study is being run: stop it first, or wait for its end.")
        return self.desk.is_busy

    # Running.

    @work
    async def action_run_study(self) -> None:
        """Train what is missing; many runs, and long ones, after a question."""
        desk, board = self.desk, self.desk.board
        if desk.is_busy or desk.preset is None:
            return
        if board is None:
            self.complain(desk.trouble or "It is being looked up what is made of it.")
            return
        left = board.num_runs - board.num_ended
        if not left:
            self.complain("All its runs are made. More seeds extend it: enter, on its line of seeds.")
            return
        seconds = desk.estimate.seconds_with(desk.jobs) if desk.estimate else None
        takes = f", about {clock(seconds)} with {desk.jobs} at a time" if seconds else ""
        question = f"Train {left:,} run{'s' * (left > 1)}{takes}?"
        many = left > MANY_RUNS or (seconds or 0) > LONG_SECONDS
        if not many or await self.app.push_screen_wait(Confirm(question, "Run them")):
            desk.run()
            self._look()

    def action_pause_study(self) -> None:
        """Hold what trains, or let it go on."""
        self.desk.pause()
        self._look()

    def action_stop_study(self) -> None:
        """End what trains, and keep what it has."""
        self.desk.stop()
        self._look()

    @on(StudyGrid.Opened)
    @work
    async def _open_run(self) -> None:
        """Show a run with its curves and all that is known of it."""
        board, place, store = self.desk.board, self.grid.place, self.bench.store
        run = board.runs.get(place) if board and place else None
        if board is None or place is None or run is None or store is None:
            self.complain("This run is still to be made.")
            return
        from normlab.store.find import find_all
        from normlab.tui.screens.run_details import RunDetails, details

        told = board.histories[place]
        try:
            kept = next(iter(await asyncio.to_thread(find_all, store, [run])), None)
            if kept is None:
                self.complain(f"Run {run} isn't in the store: {told.reason or 'deleted?'}")
                return
            text = await asyncio.to_thread(details, kept, told)
        except TROUBLE as error:
            self.complain(error)
            return
        if self.is_current:
            self.app.push_screen(RunDetails(kept, text, told, self.session.choices))

    # The plan.

    @on(OptionList.OptionSelected, "StudyPlan")
    def _selected(self) -> None:
        what, row = self.plan.chosen
        if self._refused():
            return
        match what:
            case "arm" if row:
                self._rename(row)
            case "seeds":
                self._ask_seeds()
            case "jobs":
                self._ask_jobs()
            case "claim":
                self._ask_claim(row)
            case "grid":
                self.complain("The grid is the preset's: change it in its file.")
            case _:
                form = key_of(self.app, "lab", "l")
                self.complain(f"The baseline is what all arms change: put another into the form ({form}).")

    @work
    async def _rename(self, row: int) -> None:
        preset = self.desk.preset
        if preset is None:
            return
        old = preset.arms[row - 1].name
        name = await self.app.push_screen_wait(Ask("Name of this arm", visible(old, 80), _wrong_arm))
        if name is not None and name.strip() != old:
            self._change(lambda preset: rename_arm(preset, old, name.strip()))

    @work
    async def _ask_seeds(self) -> None:
        preset, board = self.desk.preset, self.desk.board
        if preset is None:
            return
        title = "Seeds of each arm; fewer than 6 decide nothing"
        if board is not None and board.is_complete and preset.claims:
            title = (
                f"Seeds of each arm. All of {len(preset.seeds):,} are made: more are a second look, the last "
                "one, and each is judged at half the level"
            )
        answer = await self.app.push_screen_wait(Ask(title, str(len(preset.seeds)), _wrong_number(10_000)))
        if answer is not None:
            self._change(lambda preset: with_seeds(preset, int(answer)))

    @work
    async def _ask_jobs(self) -> None:
        from normlab.scale.jobs import max_jobs

        most = max_jobs()
        title = f"Runs that are trained at a time, 1 to {most}; results are the same"
        answer = await self.app.push_screen_wait(Ask(title, str(self.desk.jobs), _wrong_number(most)))
        if answer is not None:
            self.desk.jobs = int(answer)
            self.desk.touch()

    @on(StudyPlan.Removed)
    @work
    async def _removed(self, event: StudyPlan.Removed) -> None:
        preset, row = self.desk.preset, event.number
        if preset is None or self._refused():
            return
        if event.what == "claim":
            self._change(
                lambda preset: with_claims(preset, [*preset.claims[:row], *preset.claims[row + 1 :]])
            )
        elif event.what == "arm" and row:
            name = preset.arms[row - 1].name
            count = sum(name in (claim.arm, claim.against) for claim in preset.claims)
            question = f"Remove “{visible(name)}”, and {count} claim{'s' * (count > 1)} about it?"
            if not count or await self.app.push_screen_wait(Confirm(question, "Remove")):
                self._change(lambda preset: remove_arm(preset, name))

    def action_add_claim(self) -> None:
        """Say what the runs are to decide."""
        if self._refused():
            return
        if self.desk.preset is None or not self.desk.preset.arms:
            add = key_of(self.app, "add_arm", "+")
            self.complain(f"A claim compares two arms: add one first ({add} in the Lab).")
            return
        self._ask_claim(None)

    @work
    async def _ask_claim(self, row: int | None) -> None:
        from normlab.lab.checks import measured
        from normlab.tui.screens.claim_form import ClaimForm

        preset = self.desk.preset
        if preset is None:
            return
        try:
            metrics = await asyncio.to_thread(measured, preset.experiment)
        except TROUBLE as error:
            self.complain(error)
            return
        claim = await self.app.push_screen_wait(ClaimForm(preset, metrics, row))
        if claim is not None:
            self._change(lambda preset: with_claims(preset, _put(preset.claims, row, claim)))

    @work
    async def action_new(self) -> None:
        """Begin with nothing: the next arm that is added is the baseline."""
        if self._refused():
            return
        if self.desk.preset is None or await self.app.push_screen_wait(
            Confirm("Clear the plan for a new study? Runs that are made stay.", "Clear it")
        ):
            self.desk.load(None)
            self._look()

    # Kept studies, and presets.

    @work
    async def action_open(self) -> None:
        """Open a study that was run before."""
        if self._refused():
            return
        store = self.bench.store
        if store is None:
            self.complain(self.bench.no_store)
            return
        from normlab.store.studies import find_studies
        from normlab.tui.study_lookup import about

        try:
            found = await asyncio.to_thread(find_studies, store)
        except TROUBLE as error:
            self.complain(error)
            return
        if not found:
            self.complain("No study has been run yet.")
            return
        options = [(study.id, f"{study.id}  {begun(study.created)}", about(study)) for study in found]
        chosen = await self.app.push_screen_wait(Choose("Studies that were run", options))
        study = next((study for study in found if study.id == chosen), None)
        if study is not None:
            try:
                self.desk.load(study.preset, study)
            except NormlabError as error:
                self.complain(error)
            self._look()

    @work
    async def action_save(self) -> None:
        """Save the study, with arms, seeds and claims, as a preset of one's own."""
        if (preset := self.desk.preset) is None:
            self.complain("There is nothing to save.")
            return
        path: Path | None = await self.app.push_screen_wait(SavePreset(preset, "Save the study as a preset"))
        if path is not None:
            self.notify(f"Saved {visible(str(path), 400)}.", markup=False)


def _put(claims: tuple[Claim, ...], row: int | None, claim: Claim) -> list[Claim]:
    if row is None:
        return [*claims, claim]
    return [*claims[:row], claim, *claims[row + 1 :]]


def _wrong_arm(text: str) -> str | None:
    return "An arm needs a name." if not text.strip() else check_name(text)


def _wrong_number(most: int) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        typed = text.strip()
        # Python refuses to read a number of thousands of digits.
        known = typed.isascii() and typed.isdigit() and len(typed) <= len(str(most))
        return None if known and 1 <= int(typed) <= most else f"Type a whole number from 1 to {most:,}."

    return check
