"""An app of the form and its help alone, and what it was told."""

from typing import ClassVar

from textual.containers import Horizontal, Vertical

from normlab.lab.draft import Draft
from normlab.lab.experiment import Experiment
from normlab.tui.widgets.field_help import FieldHelp
from normlab.tui.widgets.form import ExperimentForm
from support.screens import ThemedApp

BASE = Experiment()


class FormApp(ThemedApp):
    CSS = "#left { width: 46; } .-narrow #left { width: 1fr; }"
    HORIZONTAL_BREAKPOINTS: ClassVar = [(0, "-narrow"), (120, "-wide")]

    def __init__(self, experiment=BASE):
        super().__init__()
        self.draft = Draft(experiment)
        self.posted = []

    def compose(self):
        with Horizontal(), Vertical(id="left"):
            form = ExperimentForm(self.draft)
            yield form
            yield FieldHelp(form)

    def on_mount(self):
        self.form.focus_last()

    @property
    def form(self):
        return self.query_one(ExperimentForm)

    def value(self, path):
        return next(row.value for row in self.draft.rows() if row.path == path)

    def shown(self, path):
        return self.form.rows[path].render().plain

    def on_experiment_form_edited(self, event):
        self.posted.append(event)

    on_experiment_form_checked = on_experiment_form_help_wanted = on_experiment_form_edited


async def go(pilot, path):
    """Put the focus on a setting."""
    pilot.app.form.focus_row(path)
    await pilot.pause()
